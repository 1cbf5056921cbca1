-- The points that statistics are made of: f and its variance ee in units of magnitude 0, NULL for points that do not count
-- (no flux or no positive error; saturated 4, truncated 8, bad pixel 16, cosmic ray 32, aperture incomplete 64).
-- needs stat_detection, stat_frame
CREATE OR REPLACE TEMP VIEW stat_point AS
SELECT
  object_id, series, night, frame_id, mjd_mid, fwhm_arcsec, cal_id, flags, stamp + flags AS stamp, f,
  here * here * flux_err * flux_err + zp_var * f * f AS ee
FROM (
  SELECT *, CASE WHEN flags & 124 = 0 AND isfinite(flux) AND isfinite(flux_err) AND here * flux_err > 1e-100 THEN here * flux END AS f
  FROM (
    SELECT
      d.object_id, d.frame_id, d.flux::DOUBLE AS flux, d.flux_err::DOUBLE AS flux_err, d.flags,
      z.series, z.night, z.mjd_mid, z.fwhm_arcsec, z.cal_id, z.stamp, z.zp_var,
      CASE
        WHEN z.varies THEN 10.0 ** (-0.4 * zp_here(z, d.flux, d.x, d.y, z.width, z.height))
        ELSE z.scale
      END AS here
    FROM stat_detection AS d
    JOIN stat_frame AS z ON z.frame_id = d.frame_id
  ) AS placed
) AS scaled;
