-- Stars whose detections may be linked to those of another star, and those whose detections have to be looked at anyhow.
-- $cell    DOUBLE  edge of the cube grid, unit sphere; at least twice $radius
-- $n       BIGINT  cells along an axis
-- $radius  DOUBLE  the largest distance of such stars, unit sphere
-- needs sought
WITH e0 AS (
  SELECT
    object_id, ux, uy, uz, spread, reach,
    floor((ux - $radius + 1) / $cell)::BIGINT AS x0, floor((ux + $radius + 1) / $cell)::BIGINT AS x1,
    floor((uy - $radius + 1) / $cell)::BIGINT AS y0, floor((uy + $radius + 1) / $cell)::BIGINT AS y1,
    floor((uz - $radius + 1) / $cell)::BIGINT AS z0, floor((uz + $radius + 1) / $cell)::BIGINT AS z1
  FROM sought
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
SELECT e.object_id
FROM e
JOIN o ON o.cell = e.cell
WHERE o.object_id <> e.object_id
  AND sqrt((e.ux - o.ux) ** 2 + (e.uy - o.uy) ** 2 + (e.uz - o.uz) ** 2) * 206264.80624709636
    <= e.spread + o.spread + greatest(e.reach, o.reach)
UNION
SELECT object_id
FROM sought
WHERE is_open;
