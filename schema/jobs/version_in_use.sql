-- What activating a calibration would change, by detector and band: frames that point nowhere, that would change, and that
-- would lose a zero point; the one calibration that the others use now (NULL: several, or none), and whether every frame
-- that changes has the same reference magnitudes in both.
-- $cal_id     INTEGER
-- $frame_ids  INTEGER[]  only these; NULL: all
WITH wanted AS (
  SELECT z.frame_id, f.detector, f.band, z.mag_system, z.catalog, z.ref_band, z.ref_path, c.cal_id AS used
  FROM zeropoint AS z
  JOIN frame AS f ON f.frame_id = z.frame_id
  LEFT JOIN frame_calibration AS c ON c.frame_id = z.frame_id
  WHERE z.cal_id = $cal_id AND z.aperture_id = 0
    AND ($frame_ids::INTEGER[] IS NULL OR z.frame_id IN (SELECT unnest($frame_ids::INTEGER[])))
)
SELECT
  w.detector, w.band,
  count(*) AS n_frame,
  count(*) FILTER (w.used IS NULL) AS n_nowhere,
  count(*) FILTER (w.used <> $cal_id) AS n_change,
  count(*) FILTER (w.used <> $cal_id AND w.mag_system <> 'instrumental' AND o.mag_system <> 'instrumental') AS n_both,
  count(*) FILTER (w.used <> $cal_id AND w.mag_system = 'instrumental' AND o.mag_system <> 'instrumental') AS n_lost,
  CASE WHEN min(w.used) = max(w.used) THEN any_value(w.used) END AS used,
  coalesce(bool_and(
    w.catalog IS NOT DISTINCT FROM o.catalog AND w.ref_band IS NOT DISTINCT FROM o.ref_band
    AND w.ref_path IS NOT DISTINCT FROM o.ref_path
  ), false) AS same_ref
FROM wanted AS w
LEFT JOIN zeropoint AS o ON o.frame_id = w.frame_id AND o.cal_id = w.used AND o.aperture_id = 0
GROUP BY w.detector, w.band
ORDER BY w.detector, w.band;
