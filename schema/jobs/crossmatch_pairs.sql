-- Loose detections and the stars that one of them may belong to, or be linked to.
-- Cells are a cube grid on the unit vector, so the poles and RA 0 are like any other place.
-- $cell    DOUBLE  edge of the cube grid, unit sphere; at least twice $radius
-- $n       BIGINT  cells along an axis
-- $radius  DOUBLE  the largest distance at which there may be a pair, unit sphere
-- needs loose, sought
CREATE OR REPLACE TEMP TABLE pair AS
WITH e0 AS (
  SELECT
    rid, frame_id, ux, uy, uz, reach, grade, year,
    floor((ux - $radius + 1) / $cell)::BIGINT AS x0, floor((ux + $radius + 1) / $cell)::BIGINT AS x1,
    floor((uy - $radius + 1) / $cell)::BIGINT AS y0, floor((uy + $radius + 1) / $cell)::BIGINT AS y1,
    floor((uz - $radius + 1) / $cell)::BIGINT AS z0, floor((uz + $radius + 1) / $cell)::BIGINT AS z1
  FROM loose
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
SELECT
  e.rid, e.frame_id, o.object_id, e.ux, e.uy, e.uz, e.reach, e.year, e.grade - o.grade AS above,
  sqrt((e.ux - o.ux) ** 2 + (e.uy - o.uy) ** 2 + (e.uz - o.uz) ** 2) * 206264.80624709636 AS distance
FROM e
JOIN o ON o.cell = e.cell
WHERE (e.ux - o.ux) * (e.ux - o.ux) + (e.uy - o.uy) * (e.uy - o.uy) + (e.uz - o.uz) * (e.uz - o.uz)
  <= ((greatest(e.reach, o.reach) + o.around) / 206264.80624709636) ** 2;
