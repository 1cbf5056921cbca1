-- The same where the zero point of some frames depends on the place in the frame or on the magnitude.
-- needs stat_detection, stat_frame
CREATE OR REPLACE TEMP VIEW stat_scaled AS
SELECT
  d.object_id, d.frame_id, d.flux::DOUBLE AS flux, d.flux_err::DOUBLE AS flux_err, d.flags,
  z.series, z.night, z.mjd_mid, z.fwhm_arcsec, z.cal_id, z.stamp, z.zp_var,
  CASE
    WHEN z.varies THEN 10.0 ** (-0.4 * zp_here(z, d.flux, d.x, d.y, z.width, z.height))
    ELSE z.scale
  END AS here
FROM stat_detection AS d
JOIN stat_frame AS z ON z.frame_id = d.frame_id;
