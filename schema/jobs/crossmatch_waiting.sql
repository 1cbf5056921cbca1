-- Where objects are that have no detections at present.
-- needs given_stars(object_id)
SELECT object_id, ux, uy, uz
FROM object
WHERE n_detections = 0 AND object_id IN (SELECT object_id FROM given_stars)
ORDER BY object_id;
