-- Loose detections near given places of fast stars (each place with its own radius), and when they were seen.
-- $cell    DOUBLE  edge of the cube grid, unit sphere
-- $n       BIGINT  cells along an axis
-- needs loose, given_places(ux, uy, uz, radius): radius on the unit sphere, at most half a cell
WITH e0 AS (
  SELECT
    ux, uy, uz, radius,
    floor((ux - radius + 1) / $cell)::BIGINT AS x0, floor((ux + radius + 1) / $cell)::BIGINT AS x1,
    floor((uy - radius + 1) / $cell)::BIGINT AS y0, floor((uy + radius + 1) / $cell)::BIGINT AS y1,
    floor((uz - radius + 1) / $cell)::BIGINT AS z0, floor((uz + radius + 1) / $cell)::BIGINT AS z1
  FROM given_places
),
e1 AS (SELECT *, x0 AS i FROM e0 UNION ALL SELECT *, x1 FROM e0 WHERE x1 > x0),
e2 AS (SELECT *, y0 AS j FROM e1 UNION ALL SELECT *, y1 FROM e1 WHERE y1 > y0),
e AS (SELECT *, (i * $n + j) * $n + z0 AS cell FROM e2 UNION ALL SELECT *, (i * $n + j) * $n + z1 FROM e2 WHERE z1 > z0),
o AS (
  SELECT
    *,
    (floor((ux + 1) / $cell)::BIGINT * $n + floor((uy + 1) / $cell)::BIGINT) * $n + floor((uz + 1) / $cell)::BIGINT AS cell
  FROM loose
)
SELECT DISTINCT o.rid, o.ux, o.uy, o.uz, o.reach, o.year + 2000 AS epoch
FROM e
JOIN o ON o.cell = e.cell
WHERE (e.ux - o.ux) ** 2 + (e.uy - o.uy) ** 2 + (e.uz - o.uz) ** 2 <= e.radius ** 2
ORDER BY o.rid;
