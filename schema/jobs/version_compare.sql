-- Two calibrations by detector and band: their zero points on the frames that both calibrate, and what version_judged says
-- of them. Differences are the second minus the first.
-- $first, $second  INTEGER
-- $judge           INTEGER  the one of them that is number 1 in version_judged
WITH pair AS (
  SELECT
    f.detector, f.band, b.zp - a.zp AS zp_diff, b.limit_mag - a.limit_mag AS limit_diff, a.colour_term AS k_first,
    b.colour_term AS k_second, coalesce(b.colour, a.colour) AS colour
  FROM zeropoint AS a
  JOIN zeropoint AS b ON b.frame_id = a.frame_id AND b.aperture_id = 0 AND b.cal_id = $second
  JOIN frame AS f ON f.frame_id = a.frame_id
  WHERE a.aperture_id = 0 AND a.cal_id = $first AND a.mag_system <> 'instrumental' AND b.mag_system <> 'instrumental'
),
zero AS (
  SELECT
    detector, band, count(*) AS n_frame, median(zp_diff) AS zp_diff, 1.4826 * mad(zp_diff) AS zp_diff_scatter,
    median(limit_diff) AS limit_diff, arg_max(colour, colour) AS colour, median(k_first) AS colour_term_first,
    median(k_second) AS colour_term_second
  FROM pair
  GROUP BY detector, band
),
arm AS (
  SELECT *, (arm = 1) = ($judge = $first) AS is_first
  FROM version_judged
)
SELECT
  z.detector, z.band, z.n_frame, z.zp_diff, z.zp_diff_scatter,
  a.repeatability AS repeatability_first, b.repeatability AS repeatability_second,
  a.ref_scatter AS ref_scatter_first, b.ref_scatter AS ref_scatter_second, a.n_star, a.n_point, a.is_held,
  z.limit_diff, z.colour, z.colour_term_first, z.colour_term_second
FROM zero AS z
LEFT JOIN arm AS a ON a.is_first AND a.detector IS NOT DISTINCT FROM z.detector AND a.band IS NOT DISTINCT FROM z.band
LEFT JOIN arm AS b ON NOT b.is_first AND b.detector IS NOT DISTINCT FROM z.detector AND b.band IS NOT DISTINCT FROM z.band
ORDER BY z.detector, z.band;
