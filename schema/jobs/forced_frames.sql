-- Frames of the work list, as they are needed to be measured again.
-- $frame_ids  INTEGER[]
SELECT
  f.frame_id, f.night, f.path, f.hdu, f.settings, f.wcs, f.wcs_kind, f.wcs_rms_arcsec, f.wcs_n_star, f.pixel_scale_arcsec,
  f.noise_factor, f.noise_share, f.noise_covariance,
  f.fwhm_px, f.primary_radius_px, f.aper_radius_px, f.bias_id, f.dark_id, f.flat_id, f.pattern_id, f.exptime_s, f.gain,
  f.mjd_mid, s.sha256, s.size, s.mtime_ns
FROM frame AS f
JOIN file AS s ON s.file_id = f.file_id
WHERE f.frame_id IN (SELECT unnest($frame_ids::INTEGER[]))
ORDER BY f.frame_id;
