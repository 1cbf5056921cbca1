-- Frames that use several calibrations.
SELECT frame_id, count(*) AS n_calibration
FROM frame_calibration
GROUP BY frame_id
HAVING count(*) > 1
ORDER BY frame_id;
