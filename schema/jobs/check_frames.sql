-- Measured frames to derive again from their pixels: a sample that is another one for another seed.
-- $n     INTEGER  how many
-- $seed  INTEGER
SELECT
  f.frame_id, f.path, f.hdu, f.settings, f.wcs, f.wcs_kind, f.wcs_rms_arcsec, f.wcs_n_star, f.pixel_scale_arcsec,
  f.noise_factor, f.noise_share, f.noise_covariance,
  f.fwhm_px, f.primary_radius_px, f.aper_radius_px, f.bias_id, f.dark_id, f.flat_id, f.pattern_id, s.sha256
FROM frame AS f
JOIN file AS s ON s.file_id = f.file_id
WHERE f.state = 'ok' AND f.origin <> 'imported' AND f.settings IS NOT NULL AND f.primary_radius_px IS NOT NULL
ORDER BY hash(f.frame_id, $seed::INTEGER), f.frame_id
LIMIT $n::INTEGER;
