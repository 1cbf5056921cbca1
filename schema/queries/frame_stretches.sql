-- When and where the store's frames were taken: one row a site and a time without longer gaps, from the start of its first
-- exposure to the end of its last; the site's place as most of its frames have it.
-- $gap  DOUBLE  d; frames farther apart are in two rows
WITH dated AS (
  SELECT
    site_called(site, site_latitude, site_longitude) AS called, site_latitude, site_longitude, site_height, telescope,
    mjd_mid - coalesce(exptime_s, 0) / 172800.0 AS start_mjd, mjd_mid + coalesce(exptime_s, 0) / 172800.0 AS stop_mjd
  FROM frame
  WHERE mjd_mid IS NOT NULL AND state = 'ok'
),
marked AS (
  SELECT
    *,
    coalesce(
      start_mjd - max(stop_mjd) OVER (PARTITION BY called ORDER BY start_mjd ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        > $gap::DOUBLE,
      true
    ) AS is_first
  FROM dated
),
numbered AS (
  SELECT *, sum(is_first::INTEGER) OVER (PARTITION BY called ORDER BY start_mjd ROWS UNBOUNDED PRECEDING) AS stretch
  FROM marked
)
SELECT
  called, min(start_mjd) AS start_mjd, max(stop_mjd) AS stop_mjd, count(*) AS n_frame,
  median(site_longitude) AS longitude, median(site_latitude) AS latitude, median(site_height) AS height,
  min(telescope) AS telescope
FROM numbered
GROUP BY called, stretch
ORDER BY called, start_mjd;
