-- Loose detections with no better one within reach, as objects to be. A whole one is better than one cut by the edge.
-- $cell  DOUBLE  edge of the cube grid, unit sphere
-- $n     BIGINT  cells along an axis
CREATE OR REPLACE TEMP TABLE sought AS
WITH e0 AS (
  SELECT
    rid, ux, uy, uz, c, snr, is_cut,
    floor((ux - c + 1) / $cell)::BIGINT AS x0, floor((ux + c + 1) / $cell)::BIGINT AS x1,
    floor((uy - c + 1) / $cell)::BIGINT AS y0, floor((uy + c + 1) / $cell)::BIGINT AS y1,
    floor((uz - c + 1) / $cell)::BIGINT AS z0, floor((uz + c + 1) / $cell)::BIGINT AS z1
  FROM loose
),
e1 AS (SELECT *, x0 AS i FROM e0 UNION ALL SELECT *, x1 FROM e0 WHERE x1 > x0),
e2 AS (SELECT *, y0 AS j FROM e1 UNION ALL SELECT *, y1 FROM e1 WHERE y1 > y0),
e AS (SELECT *, (i * $n + j) * $n + z0 AS cell FROM e2 UNION ALL SELECT *, (i * $n + j) * $n + z1 FROM e2 WHERE z1 > z0),
o AS (
  SELECT
    rid, ux, uy, uz, snr, is_cut,
    (floor((ux + 1) / $cell)::BIGINT * $n + floor((uy + 1) / $cell)::BIGINT) * $n + floor((uz + 1) / $cell)::BIGINT AS cell
  FROM loose
),
beaten AS (
  SELECT DISTINCT e.rid
  FROM e
  JOIN o ON o.cell = e.cell
  WHERE (NOT o.is_cut, o.snr, -o.rid) > (NOT e.is_cut, e.snr, -e.rid)
    AND (e.ux - o.ux) ** 2 + (e.uy - o.uy) ** 2 + (e.uz - o.uz) ** 2 <= e.c ** 2
)
SELECT -rid AS object_id, ux, uy, uz
FROM loose
WHERE rid NOT IN (FROM beaten);
