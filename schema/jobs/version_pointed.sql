-- How many frames of a calibration point nowhere, and how many at it.
-- $cal_id     INTEGER
-- $frame_ids  INTEGER[]  only these; NULL: all
SELECT count(*) FILTER (c.cal_id IS NULL) AS n_nowhere, count(*) FILTER (c.cal_id <> $cal_id) AS n_elsewhere, count(*) AS n
FROM zeropoint AS z
LEFT JOIN frame_calibration AS c ON c.frame_id = z.frame_id
WHERE z.cal_id = $cal_id AND z.aperture_id = 0
  AND ($frame_ids::INTEGER[] IS NULL OR z.frame_id IN (SELECT unnest($frame_ids::INTEGER[])));
