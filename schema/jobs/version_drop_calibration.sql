-- Take away a calibration.
-- $cal_id  INTEGER
DELETE FROM calibration
WHERE cal_id = $cal_id;
