-- Light-curve points by object and time: detections, and forced points in frames without one. (Those of targets without an
-- object are rows of export_forced.)
-- $objects  BIGINT[]   of these objects; NULL: of every one
-- $band     VARCHAR    NULL: every band
SELECT
  object_id, frame_id, band, mjd_mid, bjd_tdb, mag, mag_err, mag_system, flux_mjy, flux_mjy_err, flux, flux_err,
  limit_mag, zp, zp_err, aperture_id, kind, flags, airmass, fwhm_arcsec, sky, x, y
FROM lightcurve
WHERE object_id IS NOT NULL
  AND ($objects::BIGINT[] IS NULL OR object_id IN (SELECT unnest($objects::BIGINT[])))
  AND ($band::VARCHAR IS NULL OR band = $band::VARCHAR)
ORDER BY object_id, mjd_mid, frame_id;
