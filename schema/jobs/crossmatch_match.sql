-- Give loose detections the nearest sought object within their reach, one detection per object and frame.
-- Cells are a cube grid on the unit vector, so the poles and RA 0 are like any other place.
-- $cell  DOUBLE  edge of the cube grid, unit sphere; at least twice the largest reach
-- $n     BIGINT  cells along an axis
INSERT INTO assigned
WITH e0 AS (
  SELECT
    rid, frame_id, ux, uy, uz, c,
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
    object_id, ux, uy, uz,
    (floor((ux + 1) / $cell)::BIGINT * $n + floor((uy + 1) / $cell)::BIGINT) * $n + floor((uz + 1) / $cell)::BIGINT AS cell
  FROM sought
),
pair AS (
  SELECT e.rid, e.frame_id, o.object_id, (e.ux - o.ux) ** 2 + (e.uy - o.uy) ** 2 + (e.uz - o.uz) ** 2 AS d2
  FROM e
  JOIN o ON o.cell = e.cell
  WHERE d2 <= e.c ** 2
),
nearest AS (
  SELECT rid, any_value(frame_id) AS frame_id, arg_min(object_id, (d2, object_id)) AS object_id, min(d2) AS d2
  FROM pair
  GROUP BY rid
)
SELECT rid, object_id, d2
FROM nearest
QUALIFY row_number() OVER (PARTITION BY frame_id, object_id ORDER BY d2, rid) = 1;
