-- Objects detected more than once in one frame.
SELECT frame_id, object_id, count(*) AS n_detection
FROM detection
WHERE object_id IS NOT NULL
GROUP BY frame_id, object_id
HAVING count(*) > 1
ORDER BY frame_id, object_id;
