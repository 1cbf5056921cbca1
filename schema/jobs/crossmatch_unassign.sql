-- Take the detections of given stars from them again, to be looked at one by one.
-- needs assigned, given_stars(object_id)
DELETE FROM assigned
WHERE object_id IN (SELECT object_id FROM given_stars);
