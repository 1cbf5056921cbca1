-- Point imported frames at their zero points.
-- $cal_id  INTEGER
-- needs given_zeropoints(frame_id, ...)
INSERT INTO frame_calibration
SELECT DISTINCT frame_id, $cal_id::INTEGER
FROM given_zeropoints
ORDER BY frame_id;
