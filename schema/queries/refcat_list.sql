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
    count(*) AS tiles,
    count(*) FILTER (is_complete) AS complete_tiles,
    coalesce(sum(41252.96125 / (12 * 4.0 ** norder)) FILTER (is_complete), 0) AS complete_sq_deg,
    count(*) FILTER (is_complete AND n_star = 0) AS empty_tiles,
    max(fetched) AS fetched,
    string_agg(DISTINCT split_part(source, ' cone ', 1), ', ' ORDER BY split_part(source, ' cone ', 1)) AS source
  FROM refcat_tile
  GROUP BY catalog
)
SELECT
  t.catalog, coalesce(s.stars, 0) AS stars, b.good_stars_by_band, s.with_proper_motion, s.first_epoch, s.last_epoch,
  t.tiles, t.complete_tiles, round(t.complete_sq_deg, 2) AS complete_sq_deg, t.empty_tiles, t.fetched, t.source
FROM tiles AS t
LEFT JOIN stars AS s ON s.catalog = t.catalog
LEFT JOIN bands AS b ON b.catalog = t.catalog
ORDER BY t.catalog;
