-- Flux in mJy of a flux in ADU/s; NULL unless the zero point is AB, or Vega with a known offset to AB.
CREATE OR REPLACE MACRO flux_to_mjy(flux, zp, mag_system, ab_offset) AS
  CASE
    WHEN mag_system = 'AB' THEN 3631e3 * 10 ** (-0.4 * zp) * flux::DOUBLE
    WHEN mag_system = 'Vega' THEN 3631e3 * 10 ** (-0.4 * (zp + ab_offset)) * flux::DOUBLE
  END;
