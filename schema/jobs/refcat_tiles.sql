-- The tiles of the stars that arrived, with all stars that are now in them; a tile once asked for whole stays whole.
-- $catalog  VARCHAR
-- $norder   INTEGER    HEALPix order of a tile
-- $source   VARCHAR    file or service
-- $now      TIMESTAMP  UTC
-- $run_id   INTEGER
CREATE OR REPLACE TEMP TABLE touched_tile AS
WITH touched AS (
  SELECT DISTINCT hpx >> (2 * (29 - $norder)) AS npix
  FROM incoming_star
),
old AS (
  SELECT npix, bool_or(is_complete) AS is_complete
  FROM refcat_tile
  WHERE catalog = $catalog AND norder = $norder
  GROUP BY npix
)
SELECT
  $catalog AS catalog,
  $norder AS norder,
  t.npix,
  count(*) AS n_star,
  coalesce(any_value(old.is_complete), false) AS is_complete,
  $source AS source,
  $now::TIMESTAMP AS fetched,
  $run_id AS run_id
FROM touched AS t
JOIN refstar AS s ON s.hpx >> (2 * (29 - $norder)) = t.npix AND s.catalog = $catalog
LEFT JOIN old ON old.npix = t.npix
GROUP BY t.npix
ORDER BY t.npix;
