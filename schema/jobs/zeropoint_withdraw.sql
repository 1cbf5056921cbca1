-- Take away what this calibration said of the same frames before.
-- $cal_id  INTEGER
DELETE FROM zeropoint
WHERE cal_id = $cal_id AND frame_id IN (SELECT frame_id FROM zp_found);
