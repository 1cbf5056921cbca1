-- Every flux at a given place, calibrated with the zero points in use: also those of frames that detected the star, of every
-- aperture, and the rows that say why there is none. (The view lightcurve has each frame of an object once.)
CREATE OR REPLACE VIEW forced_flux AS
WITH spotted AS (
  SELECT
    t.name AS target,
    p.*,
    parse_filename(f.path) AS file,
    f.night,
    f.band,
    f.mjd_mid,
    f.exptime_s,
    f.jd_tdb + (
      f.bary_x * cos(radians(p.dec)) * cos(radians(p.ra)) + f.bary_y * cos(radians(p.dec)) * sin(radians(p.ra))
      + f.bary_z * sin(radians(p.dec))
    ) AS bjd_tdb,
    coalesce(z.mag_system, 'instrumental') AS mag_system,
    z.ab_offset,
    z.zp,
    z.zp_err,
    z.cal_id,
    z.mag_term,
    z.mag_pivot,
    zp_spot(z.zp, z.zp_map, 2.0 * p.x / (f.width - 1) - 1, 2.0 * p.y / (f.height - 1) - 1) AS spot,
    -2.5 * log10(CASE WHEN p.noise > 0 THEN 5.0 * p.noise END) AS faint
  FROM forced AS p
  JOIN frame AS f ON f.frame_id = p.frame_id
  LEFT JOIN target AS t ON t.target_id = p.target_id
  LEFT JOIN zeropoint_active AS z ON z.frame_id = p.frame_id AND z.aperture_id = p.aperture_id
),
local AS (
  SELECT
    *,
    zp_bent(spot, zp, mag_term, mag_pivot, flux) AS here,
    spot + faint + coalesce(mag_term * (zp + faint - mag_pivot), 0) AS limit_mag
  FROM spotted
)
SELECT
  * EXCLUDE (skey, run_id, ab_offset, mag_term, mag_pivot, spot, faint, here, limit_mag),
  flux_to_mag(flux, here) AS mag,
  mag_error(flux, flux_err) AS mag_err,
  flux_to_mjy(flux, here, mag_system, ab_offset) AS flux_mjy,
  flux_to_mjy(flux_err, here, mag_system, ab_offset) AS flux_mjy_err,
  limit_mag,
  limit_mag + 2.5 * log10(5.0 / 3) * (1 + coalesce(mag_term, 0)) AS limit_3_mag
FROM local;
COMMENT ON VIEW forced_flux IS 'every flux at a given place, in every aperture, calibrated with the active zero points; or why there is none';
COMMENT ON COLUMN forced_flux.target IS 'name of the target';
COMMENT ON COLUMN forced_flux.file IS 'name of the frame''s file';
COMMENT ON COLUMN forced_flux.night IS 'date of local noon before the frame';
COMMENT ON COLUMN forced_flux.band IS 'our name of the passband';
COMMENT ON COLUMN forced_flux.mjd_mid IS 'd; MJD (UTC) of mid-exposure';
COMMENT ON COLUMN forced_flux.bjd_tdb IS 'd; BJD (TDB) of mid-exposure at the place; NULL: site unknown';
COMMENT ON COLUMN forced_flux.exptime_s IS 's; exposure time';
COMMENT ON COLUMN forced_flux.mag IS 'mag; calibrated, in mag_system; NULL where the flux is not positive or the frame has no zero point';
COMMENT ON COLUMN forced_flux.mag_err IS 'mag; 1 sigma of the measurement alone, without the zero point';
COMMENT ON COLUMN forced_flux.mag_system IS 'AB, Vega, tied (unfiltered, tied to a catalogue band), relative or instrumental';
COMMENT ON COLUMN forced_flux.flux_mjy IS 'mJy; NULL unless AB, or Vega with a known offset';
COMMENT ON COLUMN forced_flux.flux_mjy_err IS 'mJy; 1 sigma of the measurement alone';
COMMENT ON COLUMN forced_flux.limit_mag IS 'mag; 5 sigma of this aperture with no source in it, at this place';
COMMENT ON COLUMN forced_flux.limit_3_mag IS 'mag; 3 sigma of this aperture with no source in it, at this place';
COMMENT ON COLUMN forced_flux.zp IS 'mag of 1 ADU/s: zero point of the frame in this aperture';
COMMENT ON COLUMN forced_flux.zp_err IS 'mag; random error of this zero point';
COMMENT ON COLUMN forced_flux.cal_id IS 'the calibration';
