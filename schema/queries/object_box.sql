-- Objects inside a box of directions; a moving target has no place.
-- What is near to a place is then chosen among a few: a third of the time of the macro cone, most of which is planning.
-- $x_lo  DOUBLE   unit vector, ICRS
-- $x_hi  DOUBLE
-- $y_lo  DOUBLE
-- $y_hi  DOUBLE
-- $z_lo  DOUBLE
-- $z_hi  DOUBLE
SELECT object_id, name, ra, dec, ux, uy, uz
FROM object
WHERE ux BETWEEN $x_lo::DOUBLE AND $x_hi::DOUBLE
  AND uy BETWEEN $y_lo::DOUBLE AND $y_hi::DOUBLE
  AND uz BETWEEN $z_lo::DOUBLE AND $z_hi::DOUBLE
  AND coalesce(kind, 'star') <> 'moving';
