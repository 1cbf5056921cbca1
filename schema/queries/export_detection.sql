-- Detections by object and frame.
-- $objects  BIGINT[]   of these objects; NULL: all
-- $band     VARCHAR    NULL: every band
SELECT
  skey, object_id, frame_id, ra, dec, x, y, flux, flux_err, flux_auto, flux_auto_err, aper_flux, aper_flux_err, sky,
  peak, a, b, theta, fwhm, kron_radius, flux_radius, class_star, flags, flux_psf, flux_psf_err
FROM detection
WHERE ($objects::BIGINT[] IS NULL OR object_id IN (SELECT unnest($objects::BIGINT[])))
  AND ($band::VARCHAR IS NULL OR frame_id IN (SELECT frame_id FROM frame WHERE band = $band::VARCHAR))
ORDER BY skey, frame_id;
