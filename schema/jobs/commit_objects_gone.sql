-- Take away objects whose ids are out of use.
-- needs given_stars(object_id)
DELETE FROM object
WHERE object_id IN (SELECT object_id FROM given_stars);
