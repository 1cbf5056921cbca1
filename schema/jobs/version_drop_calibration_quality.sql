-- Take away what was measured of a calibration.
-- $cal_id  INTEGER
DELETE FROM calibration_quality
WHERE cal_id = $cal_id;
