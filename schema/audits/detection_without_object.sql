-- Detections whose object is missing.
SELECT d.object_id, count(*) AS n_detection
FROM detection AS d
LEFT JOIN object AS o ON o.object_id = d.object_id
WHERE d.object_id IS NOT NULL AND o.object_id IS NULL
GROUP BY d.object_id
ORDER BY d.object_id;
