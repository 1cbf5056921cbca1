-- How well the zero points of version_zero repeat and fit their catalogue, by detector and band, on version_off.
--
-- repeatability      1.4826 times the median of off, over all measurements
-- ref_scatter        1.4826 times the median absolute deviation of calibrated minus reference magnitude, the colour term
--                    applied where the reference colour is known; of two calibrations only where both have the same reference
-- t_repeat, t_ref    of two calibrations: by how many of its own errors the mean over stars of ln(new / old) of the star's
--                    median deviation differs from zero; positive: the new one is worse. NULL with fewer than 3 stars.
CREATE OR REPLACE TEMP TABLE version_judged AS
WITH near AS (
  SELECT *, abs(mag - ref_mag - median(mag - ref_mag) OVER (PARTITION BY arm, detector, band)) AS ref_off
  FROM version_off
),
star AS (
  SELECT
    detector, band, object_id,
    ln(nullif(median(off) FILTER (arm = 1), 0) / nullif(median(off) FILTER (arm = 2), 0)) AS repeat,
    ln(nullif(median(ref_off) FILTER (arm = 1), 0) / nullif(median(ref_off) FILTER (arm = 2), 0)) AS ref
  FROM near
  GROUP BY detector, band, object_id
),
paired AS (
  SELECT
    detector, band,
    CASE WHEN count(repeat) >= 3 THEN avg(repeat) / nullif(stddev_samp(repeat), 0) * sqrt(count(repeat)) END AS t_repeat,
    CASE WHEN count(ref) >= 3 THEN avg(ref) / nullif(stddev_samp(ref), 0) * sqrt(count(ref)) END AS t_ref
  FROM star
  GROUP BY detector, band
)
SELECT
  n.arm, n.detector, n.band, bool_or(holds) AS is_held, count(DISTINCT frame_id) AS n_frame,
  count(DISTINCT object_id) AS n_star, count(*) AS n_point, count(off) AS n_repeated, count(ref_mag) AS n_ref,
  1.4826 * median(off) AS repeatability, median(mag - ref_mag) AS ref_offset, 1.4826 * mad(mag - ref_mag) AS ref_scatter,
  any_value(t_repeat) AS t_repeat, any_value(t_ref) AS t_ref
FROM near AS n
LEFT JOIN paired AS p ON p.detector IS NOT DISTINCT FROM n.detector AND p.band IS NOT DISTINCT FROM n.band
GROUP BY n.arm, n.detector, n.band;
