-- Nothing is known of the extents of given objects any more: they lost detections.
-- needs given_stars(object_id)
UPDATE object
SET spread_arcsec = NULL
WHERE object_id IN (SELECT object_id FROM given_stars);
