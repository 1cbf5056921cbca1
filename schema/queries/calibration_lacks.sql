-- How many frames there are, how many a calibration does not have, and for how many it found no zero point.
-- $cal_id  INTEGER
SELECT
  count(*) AS n_frame,
  count(*) FILTER (z.frame_id IS NULL) AS n_lacking,
  count(*) FILTER (z.mag_system = 'instrumental') AS n_uncalibrated
FROM frame AS f
LEFT JOIN zeropoint AS z ON z.frame_id = f.frame_id AND z.aperture_id = 0 AND z.cal_id = $cal_id::INTEGER
WHERE f.state = 'ok';
