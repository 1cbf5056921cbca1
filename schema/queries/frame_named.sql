-- The frames that a number or a file name means, with all that is needed to reduce them again.
-- $frame_id  INTEGER   NULL: by name
-- $called    VARCHAR   name of the file, with or without folder and .fits; NULL: by number
SELECT
  f.frame_id, f.path, f.hdu, f.settings, f.wcs, f.wcs_kind, f.wcs_rms_arcsec, f.wcs_n_star, f.pixel_scale_arcsec,
  f.noise_factor, f.noise_share, f.noise_covariance,
  f.fwhm_px, f.primary_radius_px, f.aper_radius_px, f.bias_id, f.dark_id, f.flat_id, f.pattern_id, s.sha256, f.band,
  f.mjd_mid, f.width, f.height, f.origin, f.state, f.reason
FROM frame AS f
LEFT JOIN file AS s ON s.file_id = f.file_id
WHERE f.frame_id = $frame_id::INTEGER
  OR f.path = $called::VARCHAR
  OR parse_filename(f.path) = $called::VARCHAR
  OR file_stem(f.path) = $called::VARCHAR
ORDER BY f.state <> 'ok', f.frame_id;
