-- The reference catalogues in the store: stars, bands, coverage, when they came and where from.
WITH stars AS (
  SELECT catalog, count(*) AS stars, count(pm_ra) AS with_proper_motion, min(epoch) AS first_epoch, max(epoch) AS last_epoch
  FROM refstar
  GROUP BY catalog
),
band AS (
  SELECT catalog, band, count(*) FILTER (is_good) AS n_good
  FROM refmag
  GROUP BY ALL
),
bands AS (
  SELECT catalog, string_agg(band || ' ' || n_good, ', ' ORDER BY band) AS good_stars_by_band
  FROM band
  GROUP BY catalog
),
tiles AS (
  SELECT
    catalog,
    sum(41252.96125 / (12 * 4.0 ** norder)) AS tiles_sq_deg,
    count(*) AS tiles,
    max(fetched) AS fetched,
    string_agg(DISTINCT source, ', ' ORDER BY source) AS source
  FROM refcat_tile
  GROUP BY catalog
)
SELECT
  s.catalog, s.stars, b.good_stars_by_band, s.with_proper_motion, s.first_epoch, s.last_epoch, t.tiles,
  round(t.tiles_sq_deg, 1) AS tiles_sq_deg, t.fetched, t.source
FROM stars AS s
LEFT JOIN bands AS b ON b.catalog = s.catalog
LEFT JOIN tiles AS t ON t.catalog = s.catalog
ORDER BY s.catalog;
