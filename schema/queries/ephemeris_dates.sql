-- The dates of a target's path for one site.
-- $target_id  INTEGER
-- $site       VARCHAR  NULL: that of no site
SELECT mjd
FROM ephemeris
WHERE target_id = $target_id::INTEGER AND site IS NOT DISTINCT FROM $site::VARCHAR
ORDER BY mjd;
