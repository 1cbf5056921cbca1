-- Point the frames of a calibration that point elsewhere at it.
-- $cal_id     INTEGER
-- $frame_ids  INTEGER[]  only these; NULL: all
UPDATE frame_calibration
SET cal_id = $cal_id
FROM zeropoint AS z
WHERE z.frame_id = frame_calibration.frame_id AND z.cal_id = $cal_id AND z.aperture_id = 0
  AND frame_calibration.cal_id <> $cal_id
  AND ($frame_ids::INTEGER[] IS NULL OR z.frame_id IN (SELECT unnest($frame_ids::INTEGER[])));
