-- The star at the place of each target that stands still: the nearest within its reach, the target at the star's own epoch.
-- Places are looked up in cells of a cube grid of 6e-4 (two arcminutes), along the target's way between the epochs there are.
-- $otherwise_arcsec  DOUBLE  reach of stars of which none is known
CREATE OR REPLACE TEMP TABLE target_star AS
WITH span AS (
  SELECT min(epoch) AS t0, max(epoch) AS t1, 2 * sin(radians(greatest(max(reach_arcsec), $otherwise_arcsec::DOUBLE) / 3600) / 2) AS c
  FROM object
  WHERE coalesce(kind, 'star') <> 'moving'
),
turned AS (
  SELECT
    target_id, epoch, radians(ra) AS a, radians(dec) AS d,
    radians(coalesce(offset_ra, 0) / 3600) AS de, radians(coalesce(offset_dec, 0) / 3600) AS dn,
    radians(coalesce(pm_ra, 0) / 3.6e6) AS va, radians(coalesce(pm_dec, 0) / 3.6e6) AS vd
  FROM target
  WHERE isfinite(ra) AND abs(dec) <= 90 AND target_id IN (SELECT target_id FROM target_kind WHERE kind = 'fixed')
),
way AS (
  SELECT
    target_id, epoch,
    cos(d) * cos(a) - de * sin(a) - dn * sin(d) * cos(a) AS x, -va * sin(a) - vd * sin(d) * cos(a) AS vx,
    cos(d) * sin(a) + de * cos(a) - dn * sin(d) * sin(a) AS y, va * cos(a) - vd * sin(d) * sin(a) AS vy,
    sin(d) + dn * cos(d) AS z, vd * cos(d) AS vz
  FROM turned
),
ends AS (
  SELECT
    w.*, s.c,
    x + vx * (t0 - epoch) AS x0, x + vx * (t1 - epoch) AS x1,
    y + vy * (t0 - epoch) AS y0, y + vy * (t1 - epoch) AS y1,
    z + vz * (t0 - epoch) AS z0, z + vz * (t1 - epoch) AS z1
  FROM way AS w, span AS s
  WHERE s.c IS NOT NULL
),
box1 AS (
  SELECT *, unnest(range(floor((least(x0, x1) - c) / 6e-4)::BIGINT, floor((greatest(x0, x1) + c) / 6e-4)::BIGINT + 1)) AS i FROM ends
),
box2 AS (
  SELECT *, unnest(range(floor((least(y0, y1) - c) / 6e-4)::BIGINT, floor((greatest(y0, y1) + c) / 6e-4)::BIGINT + 1)) AS j FROM box1
),
box AS (
  SELECT *, unnest(range(floor((least(z0, z1) - c) / 6e-4)::BIGINT, floor((greatest(z0, z1) + c) / 6e-4)::BIGINT + 1)) AS k FROM box2
),
star AS (
  SELECT
    object_id, epoch, ux, uy, uz, coalesce(reach_arcsec, $otherwise_arcsec::DOUBLE) AS reach_arcsec,
    floor(ux / 6e-4)::BIGINT AS i, floor(uy / 6e-4)::BIGINT AS j, floor(uz / 6e-4)::BIGINT AS k
  FROM object
  WHERE coalesce(kind, 'star') <> 'moving'
),
near AS (
  SELECT
    b.target_id, s.object_id, s.reach_arcsec,
    2 * asin(least(1, sqrt(
      (b.x + b.vx * (s.epoch - b.epoch) - s.ux) ** 2 + (b.y + b.vy * (s.epoch - b.epoch) - s.uy) ** 2
      + (b.z + b.vz * (s.epoch - b.epoch) - s.uz) ** 2
    ) / 2)) * 206264.80624709636 AS separation_arcsec
  FROM box AS b
  JOIN star AS s ON s.i = b.i AND s.j = b.j AND s.k = b.k
)
SELECT target_id, object_id
FROM near
WHERE separation_arcsec <= reach_arcsec
QUALIFY row_number() OVER (PARTITION BY target_id ORDER BY separation_arcsec, object_id) = 1;
