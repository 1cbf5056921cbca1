-- Pairs of stars, one of them touched, that are neighbours or blends; a row each way, the touched one's first.
-- $neighbour  DOUBLE  FWHM within which stars are neighbours
-- $blend      DOUBLE  FWHM within which a frame may not tell them apart
-- needs temp tables rel_touched, rel_cell
CREATE OR REPLACE TEMP TABLE rel_pair AS
WITH class AS (
  SELECT class, 2 * sin(radians(2.0 ** (class + 2) / 3600) / 2) AS edge
  FROM rel_cell
  GROUP BY class
),
e0 AS (
  SELECT
    t.object_id, t.ux, t.uy, t.uz, c.class, c.fwhm, c.worst, g.edge,
    2 * sin(radians(c.reach_arcsec / 3600) / 2) AS c
  FROM rel_touched AS t
  JOIN rel_cell AS c ON c.cell = t.cell
  JOIN class AS g ON g.class = c.class
),
e1 AS (SELECT *, unnest(range(floor((ux - c) / edge)::BIGINT, floor((ux + c) / edge)::BIGINT + 1)) AS i FROM e0),
e2 AS (SELECT *, unnest(range(floor((uy - c) / edge)::BIGINT, floor((uy + c) / edge)::BIGINT + 1)) AS j FROM e1),
e3 AS (SELECT *, unnest(range(floor((uz - c) / edge)::BIGINT, floor((uz + c) / edge)::BIGINT + 1)) AS k FROM e2),
span AS (
  SELECT
    min(ux) - max(c) AS x0, max(ux) + max(c) AS x1, min(uy) - max(c) AS y0, max(uy) + max(c) AS y1,
    min(uz) - max(c) AS z0, max(uz) + max(c) AS z1
  FROM e0
),
o AS (
  SELECT
    o.object_id, o.ux, o.uy, o.uz, g.class,
    floor(o.ux / g.edge)::BIGINT AS i, floor(o.uy / g.edge)::BIGINT AS j, floor(o.uz / g.edge)::BIGINT AS k
  FROM object AS o, class AS g, span
  WHERE coalesce(o.kind, 'star') = 'star' AND o.n_detections > 0
    AND o.ux BETWEEN x0 AND x1 AND o.uy BETWEEN y0 AND y1 AND o.uz BETWEEN z0 AND z1
),
pair AS (
  SELECT
    e.object_id, o.object_id AS other_id, e.fwhm, e.worst,
    degrees(2 * asin(sqrt((e.ux - o.ux) ** 2 + (e.uy - o.uy) ** 2 + (e.uz - o.uz) ** 2) / 2)) * 3600 AS separation
  FROM e3 AS e
  JOIN o ON o.class = e.class AND o.i = e.i AND o.j = e.j AND o.k = e.k
  WHERE o.object_id <> e.object_id
    AND (e.ux - o.ux) ** 2 + (e.uy - o.uy) ** 2 + (e.uz - o.uz) ** 2 <= e.c ** 2
),
kind AS (
  SELECT
    *,
    CASE WHEN separation < $blend * worst THEN 'blend' WHEN separation < $neighbour * fwhm THEN 'neighbour' END AS kind
  FROM pair
),
-- A pair that spans two cells may be seen with either one's frames: the blend, and the wider limits, count.
both_ways AS (
  SELECT object_id, other_id, kind, separation, fwhm, worst FROM kind WHERE kind IS NOT NULL
  UNION ALL
  SELECT other_id, object_id, kind, separation, fwhm, worst FROM kind WHERE kind IS NOT NULL
)
SELECT
  object_id, other_id, min(kind) AS kind, min(separation) AS separation, max(fwhm) AS fwhm, max(worst) AS worst
FROM both_ways
GROUP BY object_id, other_id;
