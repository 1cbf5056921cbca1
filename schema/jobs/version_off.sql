-- Every measurement of version_point in both calibrations of version_zero, and how far it is from the star's other frames.
--
-- off  mag; |m - median of the star's other frames| / sqrt(1 + v), of stars seen in 3 frames or more; v is the variance of the
--      median of n - 1 normal deviates, so that few frames do not flatter: pi / 2n for many, and 0.5 and 1.3 in its
--      denominator hold it to 2 % down to 3 deviates.
CREATE OR REPLACE TEMP TABLE version_off AS
WITH point AS (
  SELECT
    z.arm, f.detector, f.band, f.holds, p.frame_id, p.object_id,
    flux_to_mag(p.flux, zp_here(z, p.flux, p.x, p.y, f.width, f.height)) + coalesce(colour_shift(z, c.colour), 0) AS mag,
    CASE WHEN z.same_ref THEN r.mag END AS ref_mag
  FROM version_point AS p
  JOIN version_frame AS f ON f.frame_id = p.frame_id
  JOIN version_zero AS z ON z.frame_id = p.frame_id
  LEFT JOIN version_mag AS r
    ON r.object_id = p.object_id AND r.catalog = z.catalog AND r.band = z.ref_band AND r.path IS NOT DISTINCT FROM z.ref_path
  LEFT JOIN version_colour AS c ON c.object_id = p.object_id AND c.catalog = z.catalog AND c.index = z.colour
),
sorted AS (
  SELECT arm, detector, band, object_id, count(*) AS n, n // 2 AS h, list_sort(list(mag)) AS mags
  FROM point
  GROUP BY arm, detector, band, object_id
  HAVING n >= 3
),
middle AS (
  SELECT
    arm, detector, band, object_id, n, mags[h] AS lower, mags[h + 1] AS mid, mags[h + 2] AS upper,
    CASE WHEN n = 3 THEN 0.5 ELSE 1.5708 / (n - 1 + CASE WHEN n % 2 = 0 THEN 0.5 ELSE 1.3 END) END AS v
  FROM sorted
)
SELECT
  p.*,
  abs(mag - CASE
    WHEN n % 2 = 0 AND mag <= lower THEN mid
    WHEN n % 2 = 0 THEN lower
    WHEN mag < mid THEN (mid + upper) / 2
    WHEN mag > mid THEN (lower + mid) / 2
    ELSE (lower + upper) / 2
  END) / sqrt(1 + v) AS off
FROM point AS p
LEFT JOIN middle AS m
  ON m.arm = p.arm AND m.detector IS NOT DISTINCT FROM p.detector AND m.band IS NOT DISTINCT FROM p.band
  AND m.object_id = p.object_id;
