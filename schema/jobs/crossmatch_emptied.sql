-- Objects that have lost all their detections keep their place and wait for others.
-- needs given_stars(object_id), moved(object_id)
UPDATE object
SET n_detections = 0, n_position = 0, grade = NULL, spread_arcsec = NULL, is_contested = NULL
WHERE object_id IN (SELECT object_id FROM given_stars) AND object_id NOT IN (SELECT object_id FROM moved);
