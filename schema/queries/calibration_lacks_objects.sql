-- In how many frames some objects are seen, how many of these a calibration does not have, and for how many it found no zero
-- point.
-- $cal_id   INTEGER
-- $objects  BIGINT[]
WITH seen AS (
  SELECT DISTINCT frame_id
  FROM detection
  WHERE object_id IN (SELECT unnest($objects::BIGINT[]))
)
SELECT
  count(*) AS n_frame,
  count(*) FILTER (z.frame_id IS NULL) AS n_lacking,
  count(*) FILTER (z.mag_system = 'instrumental') AS n_uncalibrated
FROM seen AS s
LEFT JOIN zeropoint AS z ON z.frame_id = s.frame_id AND z.aperture_id = 0 AND z.cal_id = $cal_id::INTEGER;
