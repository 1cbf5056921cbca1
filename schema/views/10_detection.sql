-- Every source in every frame: the newest nights as they came, the others decoded.
CREATE OR REPLACE VIEW detection AS
SELECT skey, object_id, frame_id, ra, dec, x, y, flux, flux_err, flux_auto, flux_auto_err, aper_flux, aper_flux_err,
  sky, peak, a, b, theta, fwhm, kron_radius, flux_radius, class_star, flags, flux_psf, flux_psf_err
FROM detection_hot
UNION ALL
SELECT
  skey,
  object_id,
  frame_id,
  decode_step(ra, 1e7),
  decode_step(dec, 1e7),
  decode_step(x, 1e3)::FLOAT,
  decode_step(y, 1e3)::FLOAT,
  flux,
  decode_log(flux_err, 256e0)::FLOAT,
  decode_flux(flux_auto, decode_log(flux_auto_err, 256e0))::FLOAT,
  decode_log(flux_auto_err, 256e0)::FLOAT,
  list_transform(list_zip(aper_flux, aper_flux_err), lambda p: decode_flux(p[1], decode_log(p[2], 256e0))::FLOAT)
    [1 : CASE WHEN aper_flux IS NOT NULL THEN len(aper_flux) END],
  list_transform(aper_flux_err, lambda e: decode_log(e, 256e0)::FLOAT),
  decode_log(sky, 4096e0)::FLOAT,
  decode_log(peak, 4096e0)::FLOAT,
  decode_log(a, 2048e0)::FLOAT,
  decode_log(b, 2048e0)::FLOAT,
  decode_step(theta, 1e3)::FLOAT,
  decode_log(fwhm, 2048e0)::FLOAT,
  decode_log(kron_radius, 2048e0)::FLOAT,
  decode_log(flux_radius, 2048e0)::FLOAT,
  decode_step(class_star, 1e3)::FLOAT,
  flags,
  flux_psf,
  decode_log(flux_psf_err, 256e0)::FLOAT
FROM detection_cold;
COMMENT ON VIEW detection IS 'every source in every frame';
