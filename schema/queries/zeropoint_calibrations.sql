-- The calibrations: when, how, how many frames, how many use it now.
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
)
SELECT
  c.cal_id, c.created, c.method, coalesce(f.frames, 0) AS frames, coalesce(a.active_frames, 0) AS active_frames,
  coalesce(f.flagged, 0) AS flagged, f.systems, f.catalogs, c.run_id
FROM calibration AS c
LEFT JOIN frames AS f ON f.cal_id = c.cal_id
LEFT JOIN active AS a ON a.cal_id = c.cal_id
ORDER BY c.cal_id;
