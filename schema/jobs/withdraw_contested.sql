-- Objects whose detections others compete for, of those seen in frames that are measured again.
-- needs given_stars(object_id)
SELECT object_id
FROM object
WHERE is_contested AND object_id IN (SELECT object_id FROM given_stars);
