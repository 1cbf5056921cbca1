-- Point the frames of a calibration that point elsewhere at it.
-- $cal_id     INTEGER
-- $frame_ids  INTEGER[]  only these; NULL: all
UPDATE frame_calibration
SET cal_id = $cal_id
WHERE cal_id <> $cal_id
  AND frame_id IN (SELECT frame_id FROM zeropoint WHERE cal_id = $cal_id AND aperture_id = 0)
  AND ($frame_ids::INTEGER[] IS NULL OR frame_id IN (SELECT unnest($frame_ids::INTEGER[])));
