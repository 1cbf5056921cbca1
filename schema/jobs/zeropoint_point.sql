-- Point the frames that were calibrated at their new calibration.
-- $cal_id  INTEGER
INSERT INTO frame_calibration
SELECT DISTINCT frame_id, $cal_id
FROM zp_found
ORDER BY frame_id;
