-- Reference magnitudes in the bands that calibrations took them in, where zeropoint_match looks for them.
-- $ref_bands  VARCHAR[]
CREATE OR REPLACE TEMP TABLE zp_ref AS
SELECT
  m.catalog, m.source_id, m.band, m.path, m.mag, m.mag_err, m.mag_system, s.is_good AND m.is_good AS is_good,
  s.epoch, s.ux, s.uy, s.uz, s.vx, s.vy, s.vz
FROM zp_mag AS m
JOIN zp_star AS s ON s.catalog = m.catalog AND s.source_id = m.source_id
WHERE list_contains($ref_bands::VARCHAR[], m.band)
ORDER BY m.catalog, m.source_id, m.band;
