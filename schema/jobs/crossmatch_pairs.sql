-- Loose detections and the stars that one of them may belong to, or be linked to.
-- Cells are a cube grid on the unit vector, so the poles and RA 0 are like any other place. A detection is looked for in
-- its cell and in those of the seven beside it that its circle touches. Squares are products, for pow() is slow, and the
-- number of a cell is a DOUBLE (exact: n ** 3 is below 2 ** 53) until it is whole, for casts are.
-- $cell    DOUBLE  edge of the cube grid, unit sphere; at least twice $radius
-- $n       BIGINT  cells along an axis
-- $radius  DOUBLE  the largest distance at which there may be a pair, unit sphere
-- needs loose, sought
CREATE OR REPLACE TEMP TABLE pair AS
WITH e0 AS MATERIALIZED (
  SELECT
    rid, frame_id, ux, uy, uz, reach, grade, year,
    (
      (floor((ux - $radius + 1) / $cell) * $n + floor((uy - $radius + 1) / $cell)) * $n
      + floor((uz - $radius + 1) / $cell)
    )::BIGINT AS c,
    floor((ux + $radius + 1) / $cell) > floor((ux - $radius + 1) / $cell) AS x,
    floor((uy + $radius + 1) / $cell) > floor((uy - $radius + 1) / $cell) AS y,
    floor((uz + $radius + 1) / $cell) > floor((uz - $radius + 1) / $cell) AS z
  FROM loose
),
e AS (
  SELECT * EXCLUDE (c, x, y, z), c AS cell FROM e0
  UNION ALL
  SELECT * EXCLUDE (c, x, y, z), c + 1 FROM e0 WHERE z
  UNION ALL
  SELECT * EXCLUDE (c, x, y, z), c + $n FROM e0 WHERE y
  UNION ALL
  SELECT * EXCLUDE (c, x, y, z), c + $n + 1 FROM e0 WHERE y AND z
  UNION ALL
  SELECT * EXCLUDE (c, x, y, z), c + $n::BIGINT * $n FROM e0 WHERE x
  UNION ALL
  SELECT * EXCLUDE (c, x, y, z), c + $n::BIGINT * $n + 1 FROM e0 WHERE x AND z
  UNION ALL
  SELECT * EXCLUDE (c, x, y, z), c + $n::BIGINT * $n + $n FROM e0 WHERE x AND y
  UNION ALL
  SELECT * EXCLUDE (c, x, y, z), c + $n::BIGINT * $n + $n + 1 FROM e0 WHERE x AND y AND z
),
o AS (
  SELECT
    *,
    ((floor((ux + 1) / $cell) * $n + floor((uy + 1) / $cell)) * $n + floor((uz + 1) / $cell))::BIGINT AS cell
  FROM sought
)
SELECT
  e.rid, e.frame_id, o.object_id, e.ux, e.uy, e.uz, e.reach, e.year, e.grade - o.grade AS above,
  sqrt((e.ux - o.ux) * (e.ux - o.ux) + (e.uy - o.uy) * (e.uy - o.uy) + (e.uz - o.uz) * (e.uz - o.uz))
    * 206264.80624709636 AS distance
FROM e
JOIN o ON o.cell = e.cell
WHERE (e.ux - o.ux) * (e.ux - o.ux) + (e.uy - o.uy) * (e.uy - o.uy) + (e.uz - o.uz) * (e.uz - o.uz)
  <= (greatest(e.reach, o.reach) + o.around) * (greatest(e.reach, o.reach) + o.around) / 42545170296.15221;
