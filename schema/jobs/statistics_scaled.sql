-- Each detection with its frame, and what its flux is multiplied with (here) where every frame has one zero point for all.
-- needs stat_detection, stat_frame
CREATE OR REPLACE TEMP VIEW stat_scaled AS
SELECT
  d.object_id, d.frame_id, d.flux::DOUBLE AS flux, d.flux_err::DOUBLE AS flux_err, d.flags,
  z.series, z.night, z.mjd_mid, z.fwhm_arcsec, z.cal_id, z.stamp, z.zp_var, z.scale AS here
FROM stat_detection AS d
JOIN stat_frame AS z ON z.frame_id = d.frame_id;
