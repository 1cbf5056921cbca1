-- One point of a light curve: a detection, calibrated with the active zero points.
-- What is mentioned more than once is computed in a step of its own: planning is most of the time of a light curve.
CREATE OR REPLACE VIEW lightcurve AS
SELECT
  object_id,
  frame_id,
  band,
  mjd_mid,
  bjd_tdb,
  flux_to_mag(flux, here) AS mag,
  mag_error(flux, flux_err) AS mag_err,
  coalesce(mag_system, 'instrumental') AS mag_system,
  mjy * flux AS flux_mjy,
  mjy * flux_err AS flux_mjy_err,
  flux,
  flux_err,
  limit_mag,
  zp,
  zp_err,
  0 AS aperture_id,
  'detected' AS kind,
  flags,
  airmass,
  fwhm_arcsec,
  sky,
  x,
  y,
  cal_id,
  NULL::INTEGER AS target_id,
  zp_sys,
  sqrt(mag_error(flux, flux_err) ** 2 + coalesce(zp_err, 0) ** 2 + coalesce(zp_sys, 0) ** 2) AS mag_err_total,
  limit_3_mag
FROM (
  SELECT *, flux_to_mjy(1, here, mag_system, ab_offset) AS mjy
  FROM (
    SELECT *, zp_placed(zp, zp_map, mag_term, mag_pivot, flux, u, v) AS here
    FROM (
      SELECT
        d.object_id,
        d.frame_id,
        d.flux,
        d.flux_err,
        d.flags,
        d.sky,
        d.x,
        d.y,
        f.band,
        f.mjd_mid,
        f.jd_tdb + (f.bary_x * o.ux + f.bary_y * o.uy + f.bary_z * o.uz) AS bjd_tdb,
        f.airmass,
        f.fwhm_arcsec,
        2.0 * d.x / (f.width - 1) - 1 AS u,
        2.0 * d.y / (f.height - 1) - 1 AS v,
        z.mag_system,
        z.ab_offset,
        z.limit_mag,
        z.limit_3_mag,
        z.zp,
        z.zp_err,
        z.zp_sys,
        z.cal_id,
        z.zp_map,
        z.mag_term,
        z.mag_pivot
      FROM detection_point AS d
      JOIN frame AS f ON f.frame_id = d.frame_id
      JOIN object AS o ON o.object_id = d.object_id
      LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0
    ) AS placed
  ) AS local
) AS scaled;
COMMENT ON VIEW lightcurve IS 'one point of a light curve: a detection, calibrated with the active zero points; negative flux has no magnitude';
COMMENT ON COLUMN lightcurve.bjd_tdb IS 'd; BJD_TDB of mid-exposure at the position of the object; NULL without a position';
COMMENT ON COLUMN lightcurve.mag IS 'mag, in mag_system; NULL where flux <= 0';
COMMENT ON COLUMN lightcurve.mag_err IS 'mag; 1 sigma of this measurement alone, never the zero point';
COMMENT ON COLUMN lightcurve.flux_mjy IS 'mJy; NULL unless mag_system is AB or Vega';
COMMENT ON COLUMN lightcurve.flux_mjy_err IS 'mJy; 1 sigma of this measurement alone';
COMMENT ON COLUMN lightcurve.kind IS 'detected, or forced at a given position';
COMMENT ON COLUMN lightcurve.target_id IS 'the target, where the position was asked for';
COMMENT ON COLUMN lightcurve.mag_err_total IS 'mag; hypot of mag_err, zp_err and zp_sys';
COMMENT ON COLUMN lightcurve.object_id IS 'the object; a name, never a position';
COMMENT ON COLUMN lightcurve.frame_id IS 'the frame';
COMMENT ON COLUMN lightcurve.band IS 'our name of the passband';
COMMENT ON COLUMN lightcurve.mjd_mid IS 'd; MJD (UTC) of mid-exposure';
COMMENT ON COLUMN lightcurve.bjd_tdb IS 'd; BJD (TDB) of mid-exposure at the position of the object; NULL: site unknown';
COMMENT ON COLUMN lightcurve.mag IS 'mag; calibrated, in mag_system; NULL where the flux is not positive or the frame has no zero point';
COMMENT ON COLUMN lightcurve.mag_err IS 'mag; 1 sigma of the measurement alone, without the zero point';
COMMENT ON COLUMN lightcurve.mag_system IS 'AB, Vega, tied (unfiltered, tied to a catalogue band), relative or instrumental';
COMMENT ON COLUMN lightcurve.flux_mjy IS 'mJy; NULL unless AB, or Vega with a known offset';
COMMENT ON COLUMN lightcurve.flux_mjy_err IS 'mJy; 1 sigma of the measurement alone';
COMMENT ON COLUMN lightcurve.flux IS 'ADU/s; background subtracted; negative stays negative';
COMMENT ON COLUMN lightcurve.flux_err IS 'ADU/s; 1 sigma of the measurement alone';
COMMENT ON COLUMN lightcurve.limit_mag IS 'mag; 5 sigma of this aperture with no source in it';
COMMENT ON COLUMN lightcurve.zp IS 'mag; of 1 ADU/s';
COMMENT ON COLUMN lightcurve.zp_err IS 'mag; random error of this zero point';
COMMENT ON COLUMN lightcurve.aperture_id IS 'aperture of the flux: 0 = the primary aperture of the frame, -1 = auto';
COMMENT ON COLUMN lightcurve.kind IS 'detected, or how else the point was measured';
COMMENT ON COLUMN lightcurve.flags IS 'bits of the flag table (docs/reference/flags.md)';
COMMENT ON COLUMN lightcurve.airmass IS 'at mid-exposure, at the centre of the frame';
COMMENT ON COLUMN lightcurve.fwhm_arcsec IS 'arcsec; of the stars of the frame';
COMMENT ON COLUMN lightcurve.sky IS 'ADU/px; local background, subtracted';
COMMENT ON COLUMN lightcurve.x IS 'px; 0-based, pixel centre at an integer';
COMMENT ON COLUMN lightcurve.y IS 'px; 0-based, pixel centre at an integer';
COMMENT ON COLUMN lightcurve.cal_id IS 'the calibration';
COMMENT ON COLUMN lightcurve.target_id IS 'the target of a forced measurement';
COMMENT ON COLUMN lightcurve.zp_sys IS 'mag; error of the tie to the catalogue, common to all frames';
COMMENT ON COLUMN lightcurve.mag_err_total IS 'mag; hypot of mag_err, zp_err and zp_sys';
COMMENT ON COLUMN lightcurve.limit_3_mag IS 'mag; 3 sigma of this aperture with no source in it';
