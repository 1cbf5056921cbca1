-- Each object's nearest reference star of each catalogue, at the object's own date; has_rival: other objects have the same.
-- Cells are a cube grid on the unit vector, so the poles and RA 0 are like any other place. Stars are put in cells for
-- every half year in which there are objects; the pairs are then taken at the very date.
-- $cell  DOUBLE  edge of the cube grid, unit sphere
-- $n     BIGINT  cells along an axis
-- $pad   DOUBLE  chord by which a star may have moved in a quarter of a year
CREATE OR REPLACE TEMP TABLE zp_match AS
WITH star AS (
  SELECT DISTINCT catalog, source_id, epoch, ux, uy, uz, vx, vy, vz
  FROM zp_ref
),
bin AS (SELECT DISTINCT round(epoch * 2) / 2 AS year FROM zp_object),
moved AS (
  SELECT s.*, b.year, ux + (year - epoch) * vx AS px, uy + (year - epoch) * vy AS py, uz + (year - epoch) * vz AS pz
  FROM star AS s, bin AS b
),
r AS (
  SELECT
    *,
    (floor((px + 1) / $cell)::BIGINT * $n + floor((py + 1) / $cell)::BIGINT) * $n + floor((pz + 1) / $cell)::BIGINT AS cell
  FROM moved
),
e0 AS (
  SELECT
    object_id, ux, uy, uz, epoch, reach_arcsec, round(epoch * 2) / 2 AS year,
    2 * sin(radians(reach_arcsec / 3600) / 2) AS reach, reach + $pad AS c,
    floor((ux - c + 1) / $cell)::BIGINT AS x0, floor((ux + c + 1) / $cell)::BIGINT AS x1,
    floor((uy - c + 1) / $cell)::BIGINT AS y0, floor((uy + c + 1) / $cell)::BIGINT AS y1,
    floor((uz - c + 1) / $cell)::BIGINT AS z0, floor((uz + c + 1) / $cell)::BIGINT AS z1
  FROM zp_object
),
e1 AS (SELECT *, x0 AS i FROM e0 UNION ALL SELECT *, x1 FROM e0 WHERE x1 > x0),
e2 AS (SELECT *, y0 AS j FROM e1 UNION ALL SELECT *, y1 FROM e1 WHERE y1 > y0),
e AS (SELECT *, (i * $n + j) * $n + z0 AS cell FROM e2 UNION ALL SELECT *, (i * $n + j) * $n + z1 FROM e2 WHERE z1 > z0),
pair AS (
  SELECT
    e.object_id, r.catalog, r.source_id, e.reach,
    (e.ux - r.ux - (e.epoch - r.epoch) * r.vx) ** 2
    + (e.uy - r.uy - (e.epoch - r.epoch) * r.vy) ** 2
    + (e.uz - r.uz - (e.epoch - r.epoch) * r.vz) ** 2 AS d2
  FROM e
  JOIN r ON r.cell = e.cell AND r.year = e.year
),
nearest AS (
  SELECT
    object_id, catalog, arg_min(source_id, (d2, source_id)) AS source_id,
    degrees(sqrt(min(d2))) * 3600 AS separation_arcsec
  FROM pair
  WHERE d2 <= reach ** 2
  GROUP BY object_id, catalog
)
SELECT *, count(*) OVER (PARTITION BY catalog, source_id) > 1 AS has_rival
FROM nearest;
