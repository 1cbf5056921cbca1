-- How many frames of other nights look where a field is.
-- $night   DATE
-- $ra      DOUBLE  deg
-- $dec     DOUBLE  deg
-- $radius  DOUBLE  arcsec
SELECT count(*) AS n
FROM frame
WHERE state = 'ok' AND night <> $night::DATE AND separation_arcsec(ra, dec, $ra::DOUBLE, $dec::DOUBLE) <= $radius::DOUBLE;
