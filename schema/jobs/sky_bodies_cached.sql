-- The answer of SkyBoT that is about a cone at a date, if one was given before: the nearest in time.
-- $ra       DOUBLE   deg
-- $dec      DOUBLE   deg
-- $radius   DOUBLE   deg
-- $mjd      DOUBLE   MJD UTC
-- $within   DOUBLE   d; the date may be off by so much
-- $site     VARCHAR  MPC's code
SELECT query_id, mjd
FROM sky_body_query
WHERE site = $site::VARCHAR AND abs(mjd - $mjd::DOUBLE) <= $within::DOUBLE
  AND separation_arcsec(ra, dec, $ra::DOUBLE, $dec::DOUBLE) / 3600 + $radius::DOUBLE <= radius_deg + 1e-6
ORDER BY abs(mjd - $mjd::DOUBLE), query_id
LIMIT 1;
