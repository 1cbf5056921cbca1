-- Usable frames that no calibration has seen yet.
SELECT f.frame_id
FROM frame AS f
LEFT JOIN frame_calibration AS c ON c.frame_id = f.frame_id
WHERE f.state = 'ok' AND c.frame_id IS NULL
ORDER BY f.frame_id;
