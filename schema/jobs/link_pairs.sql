-- Contenders and the stars within reach, the star at the object's own epoch. A star is put into the cells that its path
-- touches between the first and the last epoch, so that nothing moves out of sight.
-- needs temp tables link_object, link_contender, link_star
CREATE OR REPLACE TEMP TABLE link_pair AS
WITH class AS (
  SELECT
    class,
    2 * sin(radians(2.0 ** (class + 4) / 3600) / 2) AS cell,
    max(2 * sin(radians(reach_arcsec / 3600) / 2)) AS c
  FROM link_object
  GROUP BY class
),
span AS (SELECT class, min(epoch) AS t0, max(epoch) AS t1 FROM link_contender GROUP BY class),
s0 AS (
  SELECT
    s.*, g.class, g.cell, g.c,
    s.ux + (t0 - epoch) * vx AS x0, s.ux + (t1 - epoch) * vx AS x1,
    s.uy + (t0 - epoch) * vy AS y0, s.uy + (t1 - epoch) * vy AS y1,
    s.uz + (t0 - epoch) * vz AS z0, s.uz + (t1 - epoch) * vz AS z1
  FROM link_star AS s, class AS g
  JOIN span AS t ON t.class = g.class
),
s1 AS (
  SELECT *, unnest(range(floor((least(x0, x1) - c) / cell)::BIGINT, floor((greatest(x0, x1) + c) / cell)::BIGINT + 1)) AS i
  FROM s0
),
s2 AS (
  SELECT *, unnest(range(floor((least(y0, y1) - c) / cell)::BIGINT, floor((greatest(y0, y1) + c) / cell)::BIGINT + 1)) AS j
  FROM s1
),
s3 AS (
  SELECT *, unnest(range(floor((least(z0, z1) - c) / cell)::BIGINT, floor((greatest(z0, z1) + c) / cell)::BIGINT + 1)) AS k
  FROM s2
),
o AS (
  SELECT
    e.*, g.c AS reach,
    floor(e.ux / g.cell)::BIGINT AS i, floor(e.uy / g.cell)::BIGINT AS j, floor(e.uz / g.cell)::BIGINT AS k
  FROM link_contender AS e
  JOIN class AS g ON g.class = e.class
)
SELECT
  o.object_id, o.class, s.catalog, s.rank, s.source_id, s.pm_ra, s.pm_dec, s.pm_err,
  s.ux + (o.epoch - s.epoch) * s.vx AS sx,
  s.uy + (o.epoch - s.epoch) * s.vy AS sy,
  s.uz + (o.epoch - s.epoch) * s.vz AS sz,
  (o.ux - sx) ** 2 + (o.uy - sy) ** 2 + (o.uz - sz) ** 2 AS d2
FROM o
JOIN s3 AS s ON s.class = o.class AND s.i = o.i AND s.j = o.j AND s.k = o.k
WHERE d2 <= o.reach ** 2;
