-- The objects within 3 arcsec of a known variable star.
-- $radius  DOUBLE  chord of 3 arcsec
CREATE OR REPLACE TEMP TABLE zp_known_variable AS
WITH variable AS (
  SELECT
    cos(radians(dec)) * cos(radians(ra)) AS ux, cos(radians(dec)) * sin(radians(ra)) AS uy, sin(radians(dec)) AS uz
  FROM refstar
  WHERE catalog = 'vsx' AND (hpx >> 46) IN (SELECT DISTINCT hpx >> 46 FROM zp_object)
),
step AS (SELECT unnest([-1, 0, 1]) AS s),
around AS (
  SELECT
    v.*, floor(ux / $radius)::BIGINT + a.s AS i, floor(uy / $radius)::BIGINT + b.s AS j,
    floor(uz / $radius)::BIGINT + c.s AS k
  FROM variable AS v, step AS a, step AS b, step AS c
)
SELECT DISTINCT o.object_id
FROM zp_object AS o
JOIN around AS v
  ON v.i = floor(o.ux / $radius)::BIGINT AND v.j = floor(o.uy / $radius)::BIGINT AND v.k = floor(o.uz / $radius)::BIGINT
WHERE (o.ux - v.ux) ** 2 + (o.uy - v.uy) ** 2 + (o.uz - v.uz) ** 2 <= $radius ** 2;
