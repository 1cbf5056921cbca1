-- Frames whose count of detections is not the number of their detections.
SELECT f.frame_id, f.n_detections, count(d.frame_id) AS n_found
FROM frame AS f
LEFT JOIN detection AS d ON d.frame_id = f.frame_id
WHERE f.state = 'ok'
GROUP BY f.frame_id, f.n_detections
HAVING count(d.frame_id) <> f.n_detections
ORDER BY f.frame_id;
