-- The points that statistics are made of: f and its variance ee in units of magnitude 0, NULL for points that do not count
-- (no flux or no positive error; saturated 4, truncated 8, bad pixel 16, cosmic ray 32, aperture incomplete 64).
-- needs stat_scaled
CREATE OR REPLACE TEMP VIEW stat_point AS
SELECT
  object_id, series, night, frame_id, mjd_mid, fwhm_arcsec, cal_id, flags, stamp + flags AS stamp, f,
  here * here * flux_err * flux_err + zp_var * f * f AS ee
FROM (
  SELECT *,
    CASE
      WHEN flags & 124 = 0 AND isfinite(flux) AND isfinite(flux_err) AND here * flux_err > 1e-100 THEN here * flux
    END AS f
  FROM stat_scaled
) AS scaled;
