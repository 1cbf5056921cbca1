-- Numbers of the objects around a position, nearest first.
-- $ra      DOUBLE   deg
-- $dec     DOUBLE   deg
-- $radius  DOUBLE   arcsec
SELECT object_id
FROM cone($ra::DOUBLE, $dec::DOUBLE, $radius::DOUBLE)
ORDER BY separation_arcsec, object_id;
