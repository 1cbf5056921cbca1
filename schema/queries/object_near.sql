-- The ten stars nearest to a position, within a radius.
-- $ra      DOUBLE   deg
-- $dec     DOUBLE   deg
-- $radius  DOUBLE   arcsec
SELECT object_id, name, ra, dec, n_detections, separation_arcsec
FROM cone($ra::DOUBLE, $dec::DOUBLE, $radius::DOUBLE)
ORDER BY separation_arcsec, object_id
LIMIT 10;
