-- Stars whose detections may be linked to those of the given ones.
-- $cell    DOUBLE  edge of the cube grid, unit sphere; at least twice $radius
-- $n       BIGINT  cells along an axis
-- $radius  DOUBLE  the largest distance of such stars, unit sphere
-- needs sought, given_stars(object_id)
WITH e0 AS (
  SELECT
    ux, uy, uz, spread, reach,
    floor((ux - $radius + 1) / $cell)::BIGINT AS x0, floor((ux + $radius + 1) / $cell)::BIGINT AS x1,
    floor((uy - $radius + 1) / $cell)::BIGINT AS y0, floor((uy + $radius + 1) / $cell)::BIGINT AS y1,
    floor((uz - $radius + 1) / $cell)::BIGINT AS z0, floor((uz + $radius + 1) / $cell)::BIGINT AS z1
  FROM sought
  WHERE object_id IN (SELECT object_id FROM given_stars)
),
e1 AS (SELECT *, x0 AS i FROM e0 UNION ALL SELECT *, x1 FROM e0 WHERE x1 > x0),
e2 AS (SELECT *, y0 AS j FROM e1 UNION ALL SELECT *, y1 FROM e1 WHERE y1 > y0),
e AS (SELECT *, (i * $n + j) * $n + z0 AS cell FROM e2 UNION ALL SELECT *, (i * $n + j) * $n + z1 FROM e2 WHERE z1 > z0),
o AS (
  SELECT
    *,
    (floor((ux + 1) / $cell)::BIGINT * $n + floor((uy + 1) / $cell)::BIGINT) * $n + floor((uz + 1) / $cell)::BIGINT AS cell
  FROM sought
)
SELECT DISTINCT o.object_id
FROM e
JOIN o ON o.cell = e.cell
WHERE sqrt((e.ux - o.ux) ** 2 + (e.uy - o.uy) ** 2 + (e.uz - o.uz) ** 2) * 206264.80624709636
    <= e.spread + o.spread + greatest(e.reach, o.reach)
ORDER BY o.object_id;
