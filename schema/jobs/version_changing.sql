-- The frames that use another calibration now than one that has them.
-- $cal_id     INTEGER
-- $frame_ids  INTEGER[]  only these; NULL: all
SELECT z.frame_id
FROM zeropoint AS z
JOIN frame_calibration AS c ON c.frame_id = z.frame_id
WHERE z.cal_id = $cal_id AND z.aperture_id = 0 AND c.cal_id <> $cal_id
  AND ($frame_ids::INTEGER[] IS NULL OR z.frame_id IN (SELECT unnest($frame_ids::INTEGER[])))
ORDER BY z.frame_id;
