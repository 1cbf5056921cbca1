-- The object nearest to a position, however far.
-- $ra   DOUBLE   deg
-- $dec  DOUBLE   deg
SELECT name, object_id, separation_arcsec(ra, dec, $ra::DOUBLE, $dec::DOUBLE) AS separation_arcsec
FROM object
ORDER BY separation_arcsec, object_id
LIMIT 1;
