-- The reference colours (mag) of the objects of version_star.
-- $indices  VARCHAR[]  as g-i
CREATE OR REPLACE TEMP TABLE version_colour AS
WITH wanted AS (
  SELECT unnest($indices::VARCHAR[]) AS index, split_part(index, '-', 1) AS blue, split_part(index, '-', 2) AS red
),
mag AS (
  SELECT m.object_id, r.catalog, r.band, arg_min(r.mag, coalesce(r.path, '')) AS mag
  FROM zp_match AS m
  JOIN zp_mag AS r ON r.catalog = m.catalog AND r.source_id = m.source_id
  WHERE NOT m.has_rival
  GROUP BY m.object_id, r.catalog, r.band
)
SELECT b.object_id, b.catalog, w.index, b.mag - r.mag AS colour
FROM wanted AS w
JOIN mag AS b ON b.band = w.blue
JOIN mag AS r ON r.band = w.red AND r.object_id = b.object_id AND r.catalog = b.catalog;
