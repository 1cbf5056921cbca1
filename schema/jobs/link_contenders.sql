-- The due objects and all that stand near enough to be nearer to their stars, each as often as it has a class of reach:
-- class c is matched in a cube grid with cells of 2^(c + 4) arcsec, so that sharp frames do not pay for wide ones.
-- needs temp tables link_object, link_cell(cell: order 8)
CREATE OR REPLACE TEMP TABLE link_contender AS
WITH class AS (
  SELECT
    class,
    2 * sin(radians(2.0 ** (class + 4) / 3600) / 2) AS cell,
    max(2 * sin(radians(reach_arcsec / 3600) / 2)) AS c
  FROM link_object
  GROUP BY class
),
e0 AS (
  SELECT
    o.object_id, o.class, o.ux, o.uy, o.uz, g.cell,
    4 * sin(radians(o.reach_arcsec / 3600) / 2) AS far
  FROM link_object AS o
  JOIN class AS g ON g.class = o.class
),
e1 AS (SELECT *, unnest(range(floor((ux - far) / cell)::BIGINT, floor((ux + far) / cell)::BIGINT + 1)) AS i FROM e0),
e2 AS (SELECT *, unnest(range(floor((uy - far) / cell)::BIGINT, floor((uy + far) / cell)::BIGINT + 1)) AS j FROM e1),
e3 AS (SELECT *, unnest(range(floor((uz - far) / cell)::BIGINT, floor((uz + far) / cell)::BIGINT + 1)) AS k FROM e2),
around AS (
  SELECT
    o.object_id, o.ux, o.uy, o.uz, o.epoch, g.class,
    floor(o.ux / g.cell)::BIGINT AS i, floor(o.uy / g.cell)::BIGINT AS j, floor(o.uz / g.cell)::BIGINT AS k
  FROM object AS o, class AS g
  WHERE o.hpx >> 42 IN (SELECT cell FROM link_cell) AND coalesce(o.kind, 'star') = 'star'
)
SELECT DISTINCT a.object_id, a.class, a.ux, a.uy, a.uz, a.epoch
FROM around AS a
JOIN e3 AS e ON e.class = a.class AND e.i = a.i AND e.j = a.j AND e.k = a.k
WHERE (a.ux - e.ux) ** 2 + (a.uy - e.uy) ** 2 + (a.uz - e.uz) ** 2 <= e.far ** 2;
