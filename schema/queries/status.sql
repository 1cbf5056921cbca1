-- What the store holds: one count a row.
WITH counted AS (
  SELECT 1 AS part, 'frames' AS what, concat_ws(' ', night, coalesce(band, '-'), state) AS which, count(*) AS n
  FROM frame
  GROUP BY night, band, state
  UNION ALL
  SELECT 2, 'files', CASE WHEN duplicate_of IS NULL THEN 'seen' ELSE 'duplicates' END, count(*)
  FROM file
  GROUP BY ALL
  UNION ALL
  SELECT 3, 'detections', 'with an object', count(object_id)
  FROM detection
  UNION ALL
  SELECT 4, 'detections', 'without an object', count(*) - count(object_id)
  FROM detection
  UNION ALL
  SELECT 5, 'objects', '', count(*)
  FROM object
  UNION ALL
  SELECT 6, 'reference stars', catalog, count(*)
  FROM refstar
  GROUP BY catalog
  UNION ALL
  SELECT 7, 'master frames', kind, count(*)
  FROM master
  GROUP BY kind
  UNION ALL
  SELECT 8, 'calibrated frames', concat_ws(' ', 'calibration', c.cal_id, c.method), count(u.frame_id)
  FROM calibration AS c
  LEFT JOIN frame_calibration AS u ON u.cal_id = c.cal_id
  GROUP BY c.cal_id, c.method
  UNION ALL
  SELECT 9, 'targets', '', count(*)
  FROM target
  UNION ALL
  SELECT 10, concat('runs ', state), concat_ws(' ', command, 'started', strftime(max(started), '%Y-%m-%d %H:%M:%S')), count(*)
  FROM run
  WHERE state <> 'done'
  GROUP BY state, command
)
SELECT what, which, n AS "count"
FROM counted
ORDER BY part, which;
