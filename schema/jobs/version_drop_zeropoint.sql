-- Take away the zero points of a calibration.
-- $cal_id  INTEGER
DELETE FROM zeropoint
WHERE cal_id = $cal_id;
