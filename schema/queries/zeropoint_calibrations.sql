-- The calibrations: when, how, how many frames, how many use it now, how well it repeats on stars kept back from its fit
-- (mag; the median of its detectors and bands).
WITH frames AS (
  SELECT
    cal_id,
    count(*) AS frames,
    count(*) FILTER (flag <> 0) AS flagged,
    string_agg(DISTINCT mag_system, ', ' ORDER BY mag_system) AS systems,
    string_agg(DISTINCT catalog, ', ' ORDER BY catalog) AS catalogs
  FROM zeropoint
  WHERE aperture_id = 0
  GROUP BY cal_id
),
active AS (
  SELECT cal_id, count(*) AS active_frames
  FROM frame_calibration
  GROUP BY cal_id
),
quality AS (
  SELECT cal_id, median(repeatability) AS repeatability, median(ref_scatter) AS ref_scatter
  FROM calibration_quality
  GROUP BY cal_id
),
history AS (
  SELECT cal_id, max(activated) AS activated
  FROM activation
  GROUP BY cal_id
)
SELECT
  c.cal_id, date_trunc('second', c.created) AS created, c.method, coalesce(f.frames, 0) AS frames,
  coalesce(a.active_frames, 0) AS active_frames, coalesce(f.flagged, 0) AS flagged, f.systems, f.catalogs,
  q.repeatability, q.ref_scatter, date_trunc('second', h.activated) AS activated, c.note, c.run_id
FROM calibration AS c
LEFT JOIN frames AS f ON f.cal_id = c.cal_id
LEFT JOIN active AS a ON a.cal_id = c.cal_id
LEFT JOIN quality AS q ON q.cal_id = c.cal_id
LEFT JOIN history AS h ON h.cal_id = c.cal_id
ORDER BY c.cal_id;
