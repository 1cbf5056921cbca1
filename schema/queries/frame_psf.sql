-- The PSF model of a frame, of one kind or all.
-- $frame_id  INTEGER
-- $kind      VARCHAR   moffat or empirical; NULL: all
SELECT
  p.frame_id,
  parse_filename(f.path) AS file,
  f.band,
  f.mjd_mid,
  p.kind,
  p.in_use,
  p.n_star,
  p.fwhm_x,
  p.fwhm_y,
  sqrt(p.fwhm_x * p.fwhm_y) * f.pixel_scale_arcsec AS fwhm_arcsec,
  1 - least(p.fwhm_x, p.fwhm_y) / greatest(p.fwhm_x, p.fwhm_y) AS ellipticity,
  p.theta,
  p.beta,
  p.degree,
  p.size,
  p.oversampling,
  p.chi2,
  p.residual,
  p.noise,
  p.zp_shift,
  p.zp_shift_err,
  p.n_shift
FROM frame_psf AS p
JOIN frame AS f ON f.frame_id = p.frame_id
WHERE p.frame_id = $frame_id::INTEGER AND ($kind::VARCHAR IS NULL OR p.kind = $kind::VARCHAR)
ORDER BY p.kind;
