-- Every source in every frame.
CREATE OR REPLACE VIEW detection AS
SELECT skey, object_id, frame_id, ra, dec, x, y, flux, flux_err, flux_auto, flux_auto_err, aper_flux, aper_flux_err,
  sky, peak, a, b, theta, fwhm, kron_radius, flux_radius, class_star, flags
FROM detection_hot;
COMMENT ON VIEW detection IS 'every source in every frame';
