-- One point of a light curve: a detection, or a forced flux where there is none, calibrated with the active zero points.
-- The limits of a forced flux are those of its own noise, at its place.
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
  coalesce(own_limit, limit_mag) AS limit_mag,
  zp,
  zp_err,
  0 AS aperture_id,
  kind,
  flags,
  airmass,
  fwhm_arcsec,
  sky,
  x,
  y,
  cal_id,
  target_id,
  zp_sys,
  sqrt(mag_error(flux, flux_err) ** 2 + coalesce(zp_err, 0) ** 2 + coalesce(zp_sys, 0) ** 2) AS mag_err_total,
  coalesce(own_limit + 2.5 * log10(5.0 / 3) * (1 + coalesce(mag_term, 0)), limit_3_mag) AS limit_3_mag,
  nullif(noise, 0) AS noise,
  kind = 'forced' AND flux < 5 * noise AS is_limit
FROM (
  SELECT *, flux_to_mjy(1, here, mag_system, ab_offset) AS mjy
  FROM (
    SELECT
      *,
      zp_bent(spot, zp, mag_term, mag_pivot, flux) AS here,
      -- as zp_bent of the flux at the limit has it
      spot + faint + coalesce(mag_term * (zp + faint - mag_pivot), 0) AS own_limit
    FROM (
      SELECT *, zp_spot(zp, zp_map, u, v) AS spot, -2.5 * log10(CASE WHEN noise > 0 THEN 5.0 * noise END) AS faint
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
          d.kind,
          d.noise,
          d.target_id,
          f.band,
          f.mjd_mid,
          f.jd_tdb + (
            f.bary_x * coalesce(o.ux, d.ux) + f.bary_y * coalesce(o.uy, d.uy) + f.bary_z * coalesce(o.uz, d.uz)
          ) AS bjd_tdb,
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
        FROM curve_point AS d
        JOIN frame AS f ON f.frame_id = d.frame_id
        LEFT JOIN object AS o ON o.object_id = d.object_id
        -- As the view zeropoint_active, but so that duckdb looks up the zero points of the frames it has: with the view, or
        -- with aperture_id = 0, it takes those of every frame of the store into a hash table, 60 ms with 260 000 frames.
        LEFT JOIN frame_calibration AS c ON c.frame_id = d.frame_id
        LEFT JOIN zeropoint AS z
          ON z.frame_id = c.frame_id AND z.aperture_id = d.aperture_id
          AND z.cal_id = coalesce(getvariable('photdb_calibration')::INTEGER, c.cal_id)
        WHERE o.object_id IS NOT NULL OR d.kind = 'forced'
      ) AS placed
    ) AS spotted
  ) AS local
) AS scaled;
COMMENT ON VIEW lightcurve IS 'one point of a light curve: a detection, or a forced flux where there is none, calibrated with the active zero points; negative flux has no magnitude';
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
COMMENT ON COLUMN lightcurve.limit_mag IS 'mag; 5 sigma of this aperture with no source in it: of the frame, of a forced point at its own place';
COMMENT ON COLUMN lightcurve.zp IS 'mag; of 1 ADU/s';
COMMENT ON COLUMN lightcurve.zp_err IS 'mag; random error of this zero point';
COMMENT ON COLUMN lightcurve.aperture_id IS 'aperture of the flux: 0 = the primary aperture of the frame, -1 = auto';
COMMENT ON COLUMN lightcurve.kind IS 'detected; forced: the flux at a given place, where the frame has no detection; limit: nothing was measured there';
COMMENT ON COLUMN lightcurve.flags IS 'bits of the flag table (docs/reference/flags.md)';
COMMENT ON COLUMN lightcurve.airmass IS 'at mid-exposure, at the centre of the frame';
COMMENT ON COLUMN lightcurve.fwhm_arcsec IS 'arcsec; of the stars of the frame';
COMMENT ON COLUMN lightcurve.sky IS 'ADU/px; local background, subtracted';
COMMENT ON COLUMN lightcurve.x IS 'px; 0-based, pixel centre at an integer';
COMMENT ON COLUMN lightcurve.y IS 'px; 0-based, pixel centre at an integer';
COMMENT ON COLUMN lightcurve.cal_id IS 'the calibration';
COMMENT ON COLUMN lightcurve.target_id IS 'the target of a forced point; NULL: a detection, or forced for an object';
COMMENT ON COLUMN lightcurve.zp_sys IS 'mag; error of the tie to the catalogue, common to all frames';
COMMENT ON COLUMN lightcurve.mag_err_total IS 'mag; hypot of mag_err, zp_err and zp_sys';
COMMENT ON COLUMN lightcurve.limit_3_mag IS 'mag; 3 sigma of this aperture with no source in it';
COMMENT ON COLUMN lightcurve.noise IS 'ADU/s; of a forced point: 1 sigma of this aperture with no source in it';
COMMENT ON COLUMN lightcurve.is_limit IS 'a forced point below 5 times its noise: the star is fainter than limit_mag';
