-- Write the zero points of a calibration.
-- $cal_id  INTEGER
INSERT INTO zeropoint BY NAME
SELECT $cal_id::INTEGER AS cal_id, *
FROM zp_found
ORDER BY frame_id, aperture_id;
