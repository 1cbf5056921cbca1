-- Detections whose frame is missing or not ok.
SELECT d.frame_id, any_value(f.state) AS state, count(*) AS n_detection
FROM detection AS d
LEFT JOIN frame AS f ON f.frame_id = d.frame_id
WHERE f.frame_id IS NULL OR f.state <> 'ok'
GROUP BY d.frame_id
ORDER BY d.frame_id;
