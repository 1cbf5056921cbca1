-- From when to when the path of a target goes; no row where it has none.
-- $target_id  INTEGER
SELECT min(mjd) AS first_mjd, max(mjd) AS last_mjd, count(*) AS n_row
FROM ephemeris
WHERE target_id = $target_id::INTEGER
HAVING count(*) > 0;
