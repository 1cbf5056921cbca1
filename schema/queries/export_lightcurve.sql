-- Light-curve points by object and time: detections, and forced points in frames without one; then those of targets where no
-- object is, by target and time, without an object_id.
-- $objects  BIGINT[]   of these objects; NULL: of every one, and of targets without an object
-- $targets  INTEGER[]  and of these targets without an object, where objects are given
-- $band     VARCHAR    NULL: every band
SELECT
  object_id, frame_id, band, mjd_mid, bjd_tdb, mag, mag_err, mag_system, flux_mjy, flux_mjy_err, flux, flux_err,
  limit_mag, zp, zp_err, aperture_id, kind, flags, airmass, fwhm_arcsec, sky, x, y, target_id,
  (SELECT t.name FROM target AS t WHERE t.target_id = c.target_id) AS target
FROM lightcurve AS c
WHERE coalesce(object_id, target_id) IS NOT NULL
  AND (
    $objects::BIGINT[] IS NULL
    OR object_id IN (SELECT unnest($objects::BIGINT[]))
    OR object_id IS NULL AND target_id IN (SELECT unnest($targets::INTEGER[]))
  )
  AND ($band::VARCHAR IS NULL OR band = $band::VARCHAR)
ORDER BY object_id, CASE WHEN object_id IS NULL THEN target_id END, mjd_mid, frame_id;
