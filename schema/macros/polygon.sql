-- Stars inside a polygon on the sky whose sides are great circles; corners in degrees, either way round.
--
-- Poles and RA 0 need no care: corners and stars are unit vectors, seen from the middle of the corners, from where great
-- circles are straight lines. A star is inside when a line from it crosses an odd number of sides. The polygon has to fit
-- into the half of the sky about its middle; a larger place is asked for as a MOC.
--
-- corner_ra, corner_dec  DOUBLE[]   three corners or more
CREATE OR REPLACE MACRO polygon(corner_ra, corner_dec) AS TABLE
WITH given AS (
  SELECT CASE
    WHEN len(corner_ra) IS DISTINCT FROM len(corner_dec) THEN error('a polygon needs as many declinations as right ascensions')
    WHEN len(corner_ra) < 3 THEN error('a polygon needs three corners or more')
    WHEN list_max(list_transform(corner_dec::DOUBLE[], lambda d: abs(d))) > 90
      THEN error('a declination of the polygon is outside -90 to 90')
    ELSE corner_ra::DOUBLE[]
  END AS ras, corner_dec::DOUBLE[] AS decs
),
vector AS (
  SELECT list_transform(
    range(1, len(ras) + 1),
    lambda i: {x: cos(radians(decs[i])) * cos(radians(ras[i])), y: cos(radians(decs[i])) * sin(radians(ras[i])), z: sin(radians(decs[i]))}
  ) AS corners
  FROM given
),
total AS (
  SELECT
    corners,
    list_sum(list_transform(corners, lambda p: p.x)) AS x,
    list_sum(list_transform(corners, lambda p: p.y)) AS y,
    list_sum(list_transform(corners, lambda p: p.z)) AS z
  FROM vector
),
axis AS (
  SELECT
    corners, x / l AS cx, y / l AS cy, z / l AS cz, sqrt(x ** 2 + y ** 2) / l AS h
  FROM (SELECT *, greatest(sqrt(x ** 2 + y ** 2 + z ** 2), 1e-300) AS l FROM total)
),
-- The chord of the greatest distance from the middle: none of the polygon lies beyond its furthest corner.
reach AS (
  SELECT
    *,
    CASE
      WHEN list_min(list_transform(corners, lambda p: p.x * cx + p.y * cy + p.z * cz)) > 1e-3
        THEN (1 + 1e-12) * sqrt(list_max(list_transform(corners, lambda p: (p.x - cx) ** 2 + (p.y - cy) ** 2 + (p.z - cz) ** 2)))
      ELSE error('the polygon does not fit into the half of the sky about its middle: ask with moc() instead')
    END AS c
  FROM axis
),
near AS MATERIALIZED (
  SELECT o.object_id, o.ux, o.uy, o.uz
  FROM object AS o, reach
  WHERE o.ux BETWEEN cx - c AND cx + c
    AND o.uy BETWEEN cy - c AND cy + c
    AND o.uz BETWEEN cz - c AND cz + c
    AND (o.ux - cx) ** 2 + (o.uy - cy) ** 2 + (o.uz - cz) ** 2 <= c * c
    AND coalesce(o.kind, 'star') <> 'moving'
),
-- e points east and n north of the middle; at a pole, along y and x.
middle AS MATERIALIZED (
  SELECT
    corners, cx, cy, cz,
    CASE WHEN h > 1e-9 THEN -cy / h ELSE 0 END AS ex,
    CASE WHEN h > 1e-9 THEN cx / h ELSE 1 END AS ey,
    -cz * ey AS nx, cz * ex AS ny, cx * ey - cy * ex AS nz
  FROM axis
),
projected AS (
  SELECT
    i,
    (p.x * ex + p.y * ey) / (p.x * cx + p.y * cy + p.z * cz) AS u,
    (p.x * nx + p.y * ny + p.z * nz) / (p.x * cx + p.y * cy + p.z * cz) AS v
  FROM (SELECT *, unnest(corners) AS p, unnest(range(len(corners))) AS i FROM middle)
),
side AS MATERIALIZED (
  SELECT a.u AS u1, a.v AS v1, b.u AS u2, b.v AS v2
  FROM projected AS a
  JOIN projected AS b ON b.i = (a.i + 1) % (SELECT count(*) FROM projected)
),
seen AS (
  SELECT
    object_id,
    (ux * ex + uy * ey) / (ux * cx + uy * cy + uz * cz) AS u,
    (ux * nx + uy * ny + uz * nz) / (ux * cx + uy * cy + uz * cz) AS v
  FROM near, middle
),
within AS (
  SELECT p.object_id
  FROM seen AS p
  JOIN side AS s ON (s.v1 > p.v) <> (s.v2 > p.v)
  WHERE p.u < s.u1 + (p.v - s.v1) / (s.v2 - s.v1) * (s.u2 - s.u1)
  GROUP BY p.object_id
  HAVING count(*) % 2 = 1
)
SELECT o.object_id, o.name, o.ra, o.dec, o.n_detections
FROM object AS o
SEMI JOIN within AS w ON w.object_id = o.object_id
ORDER BY o.object_id;
