-- Detections without an object, by frame.
-- $band     VARCHAR    NULL: every band
SELECT
  skey, object_id, frame_id, ra, dec, x, y, flux, flux_err, flux_auto, flux_auto_err, aper_flux, aper_flux_err, sky,
  peak, a, b, theta, fwhm, kron_radius, flux_radius, class_star, flags, flux_psf, flux_psf_err
FROM detection
WHERE object_id IS NULL
  AND ($band::VARCHAR IS NULL OR frame_id IN (SELECT frame_id FROM frame WHERE band = $band::VARCHAR))
ORDER BY frame_id, y, x;
