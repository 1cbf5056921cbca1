-- One point of a light curve: a detection, calibrated with the active zero points.
CREATE OR REPLACE VIEW lightcurve AS
SELECT
  d.object_id,
  d.frame_id,
  f.band,
  f.mjd_mid,
  f.jd_tdb + (f.bary_x * o.ux + f.bary_y * o.uy + f.bary_z * o.uz) AS bjd_tdb,
  flux_to_mag(d.flux, z.zp) AS mag,
  mag_error(d.flux, d.flux_err) AS mag_err,
  coalesce(z.mag_system, 'instrumental') AS mag_system,
  flux_to_mjy(d.flux, z.zp, z.mag_system, z.ab_offset) AS flux_mjy,
  flux_to_mjy(d.flux_err, z.zp, z.mag_system, z.ab_offset) AS flux_mjy_err,
  d.flux,
  d.flux_err,
  z.limit_mag,
  z.zp,
  z.zp_err,
  0 AS aperture_id,
  'detected' AS kind,
  d.flags,
  f.airmass,
  f.fwhm_arcsec,
  d.sky,
  d.x,
  d.y,
  z.cal_id,
  NULL::INTEGER AS target_id,
  z.zp_sys,
  sqrt(mag_error(d.flux, d.flux_err) ** 2 + coalesce(z.zp_err, 0) ** 2 + coalesce(z.zp_sys, 0) ** 2) AS mag_err_total
FROM detection AS d
JOIN frame AS f ON f.frame_id = d.frame_id
JOIN object AS o ON o.object_id = d.object_id
LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0;
COMMENT ON VIEW lightcurve IS 'one point of a light curve: a detection, calibrated with the active zero points; negative flux has no magnitude';
COMMENT ON COLUMN lightcurve.bjd_tdb IS 'd; BJD_TDB of mid-exposure at the position of the object; NULL without a position';
COMMENT ON COLUMN lightcurve.mag IS 'mag, in mag_system; NULL where flux <= 0';
COMMENT ON COLUMN lightcurve.mag_err IS 'mag; 1 sigma of this measurement alone, never the zero point';
COMMENT ON COLUMN lightcurve.flux_mjy IS 'mJy; NULL unless mag_system is AB or Vega';
COMMENT ON COLUMN lightcurve.flux_mjy_err IS 'mJy; 1 sigma of this measurement alone';
COMMENT ON COLUMN lightcurve.kind IS 'detected, or forced at a given position';
COMMENT ON COLUMN lightcurve.target_id IS 'the target, where the position was asked for';
COMMENT ON COLUMN lightcurve.mag_err_total IS 'mag; hypot of mag_err, zp_err and zp_sys';
