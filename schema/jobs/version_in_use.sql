-- By detector and band, of the frames of a calibration that use another one now: how many would change, how many would lose
-- a zero point, and how many would keep one that is tied to no catalogue any more.
-- $cal_id     INTEGER
-- $frame_ids  INTEGER[]  only these; NULL: all
SELECT
  f.detector, f.band, count(*) AS n_change,
  count(*) FILTER (z.mag_system = 'instrumental' AND o.mag_system <> 'instrumental') AS n_lost,
  count(*) FILTER (z.mag_system = 'relative' AND o.mag_system NOT IN ('relative', 'instrumental')) AS n_untied
FROM zeropoint AS z
JOIN frame AS f ON f.frame_id = z.frame_id
JOIN frame_calibration AS c ON c.frame_id = z.frame_id AND c.cal_id <> z.cal_id
LEFT JOIN zeropoint AS o ON o.frame_id = z.frame_id AND o.cal_id = c.cal_id AND o.aperture_id = 0
WHERE z.cal_id = $cal_id AND z.aperture_id = 0
  AND ($frame_ids::INTEGER[] IS NULL OR z.frame_id IN (SELECT unnest($frame_ids::INTEGER[])))
GROUP BY f.detector, f.band
ORDER BY f.detector, f.band;
