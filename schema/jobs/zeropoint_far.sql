-- Frames whose zero point is further from the others of their night, or of a short night from those of all nights, than
-- 0.3 mag and 5 robust scatters. Compared are frames of one detector, band, catalogue and system: the new ones (zp_found)
-- and those that were calibrated before.
WITH known AS (
  SELECT f.frame_id, f.night, f.detector, f.band, z.mag_system, z.catalog, z.ref_band, z.zp, true AS is_new
  FROM zp_found AS z
  JOIN zp_all AS f ON f.frame_id = z.frame_id
  WHERE z.aperture_id = 0 AND z.flag & 4 = 0 AND z.zp IS NOT NULL
  UNION ALL
  SELECT f.frame_id, f.night, f.detector, f.band, z.mag_system, z.catalog, z.ref_band, z.zp, false
  FROM frame AS f
  JOIN zeropoint_active AS z ON z.frame_id = f.frame_id AND z.aperture_id = 0
  WHERE z.zp IS NOT NULL AND f.frame_id NOT IN (SELECT frame_id FROM zp_all)
    AND EXISTS (
      FROM zp_all AS n WHERE n.detector IS NOT DISTINCT FROM f.detector AND n.band IS NOT DISTINCT FROM f.band
    )
),
of_night AS (
  SELECT
    detector, band, mag_system, catalog, ref_band, night, count(*) AS n, median(zp) AS middle, mad(zp) AS spread,
    bool_or(is_new) AS has_new
  FROM known
  GROUP BY detector, band, mag_system, catalog, ref_band, night
),
of_all AS (
  SELECT detector, band, mag_system, catalog, ref_band, count(*) AS n, median(zp) AS middle, mad(zp) AS spread
  FROM known
  GROUP BY detector, band, mag_system, catalog, ref_band
),
peers AS (
  SELECT
    n.detector, n.band, n.mag_system, n.catalog, n.ref_band, n.night,
    CASE WHEN n.n >= 5 THEN n.n ELSE a.n END AS n,
    CASE WHEN n.n >= 5 THEN n.middle ELSE a.middle END AS middle,
    CASE WHEN n.n >= 5 THEN n.spread ELSE a.spread END AS spread
  FROM of_night AS n
  JOIN of_all AS a
    ON a.detector IS NOT DISTINCT FROM n.detector AND a.band IS NOT DISTINCT FROM n.band
    AND a.mag_system IS NOT DISTINCT FROM n.mag_system AND a.catalog IS NOT DISTINCT FROM n.catalog
    AND a.ref_band IS NOT DISTINCT FROM n.ref_band
  WHERE n.has_new
)
SELECT k.frame_id, k.zp - p.middle AS off, p.middle, p.n
FROM known AS k
JOIN peers AS p
  ON p.detector IS NOT DISTINCT FROM k.detector AND p.band IS NOT DISTINCT FROM k.band
  AND p.mag_system IS NOT DISTINCT FROM k.mag_system AND p.catalog IS NOT DISTINCT FROM k.catalog
  AND p.ref_band IS NOT DISTINCT FROM k.ref_band AND p.night IS NOT DISTINCT FROM k.night
WHERE k.is_new AND p.n >= 3 AND abs(k.zp - p.middle) > greatest(0.3, 5 * 1.482602218505602 * p.spread)
ORDER BY k.frame_id;
