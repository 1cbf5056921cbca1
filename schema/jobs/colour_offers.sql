-- The transformations that give a passband of zp_wanted from those that a catalogue has, where some of its stars lack it;
-- n_choice of them a passband.
CREATE OR REPLACE TEMP TABLE zp_colour_offer AS
WITH has AS (
  SELECT catalog, band, count(*) AS n
  FROM zp_input
  GROUP BY catalog, band
),
own AS (
  SELECT catalog, list(band) AS bands
  FROM has
  GROUP BY catalog
),
known AS (
  SELECT catalog, count(DISTINCT source_id) AS n
  FROM zp_input
  GROUP BY catalog
)
SELECT o.catalog, t.*, count(*) OVER (PARTITION BY o.catalog, t.band) AS n_choice
FROM own AS o
JOIN known AS k ON k.catalog = o.catalog
JOIN colour_transformation AS t
  ON list_has_all(o.bands, t.inputs) AND (t.catalogs IS NULL OR list_contains(t.catalogs, o.catalog))
LEFT JOIN has AS h ON h.catalog = o.catalog AND h.band = t.band
WHERE t.band IN (SELECT band FROM zp_wanted)
  AND coalesce(h.n, 0) < k.n;
