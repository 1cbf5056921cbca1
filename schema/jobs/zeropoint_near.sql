-- The detections that have another one of the same frame within a radius.
-- $first, $last  INTEGER  frames
-- $radius        DOUBLE   arcsec; NULL: none is looked for
CREATE OR REPLACE TEMP TABLE zp_near AS
WITH d AS (
  SELECT
    d.frame_id, d.object_id, d.x, d.y, $radius::DOUBLE / f.pixel_scale_arcsec AS r,
    floor(d.x / r)::INTEGER AS i, floor(d.y / r)::INTEGER AS j
  FROM detection AS d
  JOIN zp_frame AS f ON f.frame_id = d.frame_id
  WHERE $radius::DOUBLE > 0 AND d.frame_id BETWEEN $first AND $last
),
step AS (SELECT unnest([-1, 0, 1]) AS s),
around AS (SELECT d.frame_id, d.object_id, d.x, d.y, d.r, d.i + a.s AS i, d.j + b.s AS j FROM d, step AS a, step AS b)
SELECT DISTINCT d.frame_id, d.object_id
FROM around AS d
JOIN d AS o ON o.frame_id = d.frame_id AND o.i = d.i AND o.j = d.j
WHERE o.object_id IS DISTINCT FROM d.object_id AND (o.x - d.x) ** 2 + (o.y - d.y) ** 2 <= d.r ** 2;
