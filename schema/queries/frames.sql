-- Frames and what became of them, oldest first.
-- $state   VARCHAR   ok, failed or rejected; NULL: all
-- $night   DATE      NULL: every night
-- $band    VARCHAR   NULL: every band
-- $object  VARCHAR   the header's OBJECT, whatever its case and blanks; NULL: all
SELECT
  f.frame_id,
  parse_filename(f.path) AS file,
  f.hdu,
  f.night,
  f.object_name AS object,
  f.band,
  f.mjd_mid,
  f.exptime_s,
  f.airmass,
  f.fwhm_arcsec,
  f.n_detections,
  z.zp,
  z.mag_system,
  z.limit_mag,
  f.wcs_kind,
  f.wcs_rms_arcsec,
  f.state,
  coalesce(f.reason, z.reason) AS reason
FROM frame AS f
LEFT JOIN zeropoint_active AS z ON z.frame_id = f.frame_id AND z.aperture_id = 0
WHERE ($state::VARCHAR IS NULL OR f.state = $state::VARCHAR)
  AND ($night::DATE IS NULL OR f.night = $night::DATE)
  AND ($band::VARCHAR IS NULL OR f.band = $band::VARCHAR)
  AND ($object::VARCHAR IS NULL
       OR lower(replace(f.object_name, ' ', '')) = lower(replace($object::VARCHAR, ' ', '')))
ORDER BY f.night NULLS FIRST, f.mjd_mid NULLS FIRST, file, f.hdu;
