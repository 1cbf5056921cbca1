-- The object that the detections of a moving target are.
-- $target_id  INTEGER
SELECT object_id
FROM object
WHERE target_id = $target_id::INTEGER
ORDER BY n_detections DESC, object_id
LIMIT 1;
