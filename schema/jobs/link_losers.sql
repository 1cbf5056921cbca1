-- Objects that lose the star they have or just got: each star is one object's, the nearest one's. An object that is not
-- due also loses the star to which a due one is nearer, though that may have taken another.
-- needs temp tables link_due, link_chosen, link_star, link_pair, link_cell
CREATE OR REPLACE TEMP TABLE link_loser AS
WITH held AS (
  SELECT
    o.object_id, o.ref_catalog AS catalog, o.ref_source_id AS source_id,
    (o.ux - s.ux - (o.epoch - s.epoch) * s.vx) ** 2
    + (o.uy - s.uy - (o.epoch - s.epoch) * s.vy) ** 2
    + (o.uz - s.uz - (o.epoch - s.epoch) * s.vz) ** 2 AS d2
  FROM object AS o
  JOIN link_star AS s ON s.catalog = o.ref_catalog AND s.source_id = o.ref_source_id
  WHERE o.hpx >> 42 IN (SELECT cell FROM link_cell) AND o.object_id NOT IN (SELECT object_id FROM link_due)
),
claim AS (
  SELECT object_id, catalog, source_id, d2 FROM link_chosen
  UNION ALL
  FROM held
),
beaten AS (
  SELECT object_id
  FROM claim
  QUALIFY row_number() OVER (PARTITION BY catalog, source_id ORDER BY d2, object_id) > 1
)
FROM beaten
UNION
SELECT h.object_id
FROM held AS h
JOIN link_pair AS p ON p.catalog = h.catalog AND p.source_id = h.source_id AND p.object_id <> h.object_id
WHERE (p.d2, p.object_id) < (h.d2, h.object_id) AND p.object_id IN (SELECT object_id FROM link_due);
