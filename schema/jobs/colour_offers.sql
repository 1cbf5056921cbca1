-- The transformations that give a passband of zp_wanted from those that a catalogue has; n_choice of them per passband.
CREATE OR REPLACE TEMP TABLE zp_colour_offer AS
WITH own AS (
  SELECT catalog, list(DISTINCT band) AS bands
  FROM zp_input
  GROUP BY catalog
)
SELECT o.catalog, t.*, count(*) OVER (PARTITION BY o.catalog, t.band) AS n_choice
FROM own AS o
JOIN colour_transformation AS t
  ON list_has_all(o.bands, t.inputs) AND (t.catalogs IS NULL OR list_contains(t.catalogs, o.catalog))
WHERE t.band IN (SELECT band FROM zp_wanted);
