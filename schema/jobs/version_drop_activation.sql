-- Take away the history of the pointers to a calibration.
-- $cal_id  INTEGER
DELETE FROM activation
WHERE cal_id = $cal_id;
