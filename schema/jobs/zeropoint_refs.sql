-- Reference magnitudes in the bands of the frames and the bands they may be tied to.
CREATE OR REPLACE TEMP TABLE zp_ref AS
WITH wanted AS (
  SELECT band FROM zp_frame WHERE band IS NOT NULL
  UNION
  SELECT tie FROM zp_frame WHERE tie IS NOT NULL
)
SELECT
  m.catalog, m.source_id, m.band, m.path, m.mag, m.mag_err, m.mag_system, s.is_good AND m.is_good AS is_good,
  s.epoch, s.ux, s.uy, s.uz, s.vx, s.vy, s.vz
FROM zp_mag AS m
JOIN zp_star AS s ON s.catalog = m.catalog AND s.source_id = m.source_id
WHERE m.band IN (SELECT band FROM wanted) AND isfinite(m.mag)
ORDER BY m.catalog, m.source_id, m.band;
