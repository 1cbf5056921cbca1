-- Take away what a path said of the dates that a new one is about, for one site.
-- $target_id  INTEGER
-- $site       VARCHAR  NULL: that of no site
-- $first      DOUBLE   MJD UTC
-- $last       DOUBLE   MJD UTC
DELETE FROM ephemeris
WHERE target_id = $target_id AND mjd BETWEEN $first AND $last AND site IS NOT DISTINCT FROM $site::VARCHAR;
