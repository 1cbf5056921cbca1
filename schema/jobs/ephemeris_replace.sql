-- Take away what a path said of the dates that a new one is about.
-- $target_id  INTEGER
-- $first      DOUBLE   MJD UTC
-- $last       DOUBLE   MJD UTC
DELETE FROM ephemeris
WHERE target_id = $target_id AND mjd BETWEEN $first AND $last;
