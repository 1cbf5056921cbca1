-- What the frames of a calibration use now: each calibration (NULL: none), how many frames, and how many of these the
-- calibration itself leaves instrumental.
-- $cal_id     INTEGER
-- $frame_ids  INTEGER[]  only these; NULL: all
SELECT c.cal_id AS used, count(*) AS n_frame, count(*) FILTER (z.mag_system = 'instrumental') AS n_instrumental
FROM zeropoint AS z
LEFT JOIN frame_calibration AS c ON c.frame_id = z.frame_id
WHERE z.cal_id = $cal_id AND z.aperture_id = 0
  AND ($frame_ids::INTEGER[] IS NULL OR z.frame_id IN (SELECT unnest($frame_ids::INTEGER[])))
GROUP BY c.cal_id
ORDER BY c.cal_id;
