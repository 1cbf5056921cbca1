-- Objects of the store in the box of the night's detections, moved to its date.
-- $epoch  DOUBLE  Julian year of the night
CREATE OR REPLACE TEMP TABLE sought AS
WITH box AS (
  SELECT
    min(ux) - 1e-3 AS x0, max(ux) + 1e-3 AS x1,
    min(uy) - 1e-3 AS y0, max(uy) + 1e-3 AS y1,
    min(uz) - 1e-3 AS z0, max(uz) + 1e-3 AS z1
  FROM loose
),
near AS (
  SELECT
    object_id, ux, uy, uz,
    radians(coalesce(pm_ra, 0) / 3.6e6) * ($epoch - epoch) AS da,
    radians(coalesce(pm_dec, 0) / 3.6e6) * ($epoch - epoch) AS dd,
    radians(ra) AS a,
    radians(dec) AS d
  FROM object, box
  WHERE ux BETWEEN x0 AND x1 AND uy BETWEEN y0 AND y1 AND uz BETWEEN z0 AND z1
)
-- To first order: u + da east + dd north; the error is a millionth of an arcsecond after a century of 10"/yr.
SELECT
  object_id,
  ux - da * sin(a) - dd * sin(d) * cos(a) AS ux,
  uy + da * cos(a) - dd * sin(d) * sin(a) AS uy,
  uz + dd * cos(d) AS uz
FROM near;
