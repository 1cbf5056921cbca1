-- Append a night's detections as one run sorted by skey; rid is sorted by frame.
INSERT INTO detection_hot
SELECT
  coalesce(a.object_id, s.hpx, -1) AS skey,
  a.object_id,
  s.frame_id,
  s.ra, s.dec, s.x, s.y,
  s.flux, s.flux_err, s.flux_auto, s.flux_auto_err, s.aper_flux, s.aper_flux_err,
  s.sky, s.peak, s.a, s.b, s.theta, s.fwhm, s.kron_radius, s.flux_radius, s.class_star, s.flags,
  s.flux_psf, s.flux_psf_err
FROM staged AS s
LEFT JOIN assigned AS a ON a.rid = s.rid
ORDER BY skey, s.rid;
