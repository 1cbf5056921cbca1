-- Stars within a radius of many places, in one pass: for each place nearest first.
--
-- $places  VARCHAR   JSON: [{"place": 1, "ra": 41.58, "dec": -30.27}, ...]; deg
-- $radius  DOUBLE    arcsec
WITH given AS MATERIALIZED (
  SELECT unnest(from_json($places::VARCHAR, '[{"place": "INTEGER", "ra": "DOUBLE", "dec": "DOUBLE"}]'), recursive := true)
),
asked AS MATERIALIZED (
  SELECT
    place, cos(radians(dec)) * cos(radians(ra)) AS ux, cos(radians(dec)) * sin(radians(ra)) AS uy, sin(radians(dec)) AS uz
  FROM given
),
-- c is the radius as a chord, g the side of a cell of the cube grid in which stars are looked for.
scale AS (
  SELECT 2 * sin(radians($radius::DOUBLE / 3600) / 2) AS c, greatest(2 * c, 1e-4) AS g
),
e1 AS (SELECT *, unnest(range(floor((ux - c) / g)::BIGINT, floor((ux + c) / g)::BIGINT + 1)) AS gx FROM asked, scale),
e2 AS (SELECT *, unnest(range(floor((uy - c) / g)::BIGINT, floor((uy + c) / g)::BIGINT + 1)) AS gy FROM e1),
cell AS (SELECT *, unnest(range(floor((uz - c) / g)::BIGINT, floor((uz + c) / g)::BIGINT + 1)) AS gz FROM e2),
star AS (
  SELECT object_id, name, ra, dec, ux, uy, uz
  FROM object, scale
  WHERE coalesce(kind, 'star') <> 'moving'
    AND ux BETWEEN (SELECT min(ux) FROM asked) - c AND (SELECT max(ux) FROM asked) + c
    AND uy BETWEEN (SELECT min(uy) FROM asked) - c AND (SELECT max(uy) FROM asked) + c
    AND uz BETWEEN (SELECT min(uz) FROM asked) - c AND (SELECT max(uz) FROM asked) + c
),
pair AS (
  SELECT
    p.place, s.object_id, s.name, s.ra, s.dec,
    (s.ux - p.ux) ** 2 + (s.uy - p.uy) ** 2 + (s.uz - p.uz) ** 2 AS d2
  FROM (SELECT s.*, floor(ux / g)::BIGINT AS gx, floor(uy / g)::BIGINT AS gy, floor(uz / g)::BIGINT AS gz FROM star AS s, scale) AS s
  JOIN cell AS p ON p.gx = s.gx AND p.gy = s.gy AND p.gz = s.gz
  WHERE (s.ux - p.ux) ** 2 + (s.uy - p.uy) ** 2 + (s.uz - p.uz) ** 2 <= p.c * p.c
)
SELECT place, object_id, name, ra, dec, degrees(2 * asin(least(1, sqrt(d2) / 2))) * 3600 AS separation_arcsec
FROM pair
ORDER BY place, d2, object_id;
