-- Take away the path of a target.
-- $target_id  INTEGER
DELETE FROM ephemeris
WHERE target_id = $target_id;
