-- Frames whose magnitudes another program made: nothing calibrates them anew unless they are asked for.
SELECT f.frame_id
FROM frame AS f
JOIN frame_calibration AS p ON p.frame_id = f.frame_id
JOIN calibration AS c ON c.cal_id = p.cal_id
WHERE f.origin = 'imported' AND c.method = 'imported'
ORDER BY f.frame_id;
