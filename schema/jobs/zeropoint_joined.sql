-- The frames with the settings of the calibration that most frames of their detector and band use now (NULL: none do),
-- and its colour index.
-- $frame_ids  INTEGER[]
WITH used AS (
  SELECT f.detector, f.band, c.settings, count(*) AS n, max(c.cal_id) AS latest, any_value(z.colour) AS colour
  FROM frame AS f
  JOIN zeropoint_active AS z ON z.frame_id = f.frame_id AND z.aperture_id = 0
  JOIN calibration AS c ON c.cal_id = z.cal_id
  WHERE z.mag_system <> 'instrumental'
  GROUP BY f.detector, f.band, c.settings
),
most AS (
  SELECT *
  FROM used
  QUALIFY row_number() OVER (PARTITION BY detector, band ORDER BY n DESC, latest DESC) = 1
)
SELECT f.frame_id, f.band, u.settings, u.colour
FROM frame AS f
LEFT JOIN most AS u ON u.detector IS NOT DISTINCT FROM f.detector AND u.band IS NOT DISTINCT FROM f.band
WHERE f.frame_id IN (SELECT unnest($frame_ids::INTEGER[])) AND f.state = 'ok'
ORDER BY f.frame_id;
