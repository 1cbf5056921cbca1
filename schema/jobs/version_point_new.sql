-- Point the frames of a calibration that point nowhere at it.
-- $cal_id     INTEGER
-- $frame_ids  INTEGER[]  only these; NULL: all
INSERT INTO frame_calibration
SELECT z.frame_id, $cal_id
FROM zeropoint AS z
ANTI JOIN frame_calibration AS c ON c.frame_id = z.frame_id
WHERE z.cal_id = $cal_id AND z.aperture_id = 0
  AND ($frame_ids::INTEGER[] IS NULL OR z.frame_id IN (SELECT unnest($frame_ids::INTEGER[])))
ORDER BY z.frame_id;
