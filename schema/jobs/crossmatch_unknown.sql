-- Stars of a box of whose extent nothing is known: of an older store, or with detections taken away.
-- $x0 $x1 $y0 $y1 $z0 $z1  DOUBLE  the box, unit vectors
SELECT object_id
FROM object
WHERE spread_arcsec IS NULL AND n_detections > 0 AND kind IS DISTINCT FROM 'moving'
  AND ux BETWEEN $x0 AND $x1 AND uy BETWEEN $y0 AND $y1 AND uz BETWEEN $z0 AND $z1;
