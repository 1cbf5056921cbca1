-- Detections that are not sorted by their object.
SELECT frame_id, object_id, skey
FROM detection
WHERE object_id IS NOT NULL AND skey <> object_id
ORDER BY frame_id, object_id;
