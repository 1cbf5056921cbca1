-- Measured frames to cut stamps from, oldest first, with all that is needed to reduce them again.
-- $frames    INTEGER[]
-- $band      VARCHAR   NULL: every band
-- $from_mjd  DOUBLE    NULL: from the first
-- $to_mjd    DOUBLE    NULL: to the last
SELECT
  f.frame_id, f.path, f.hdu, f.settings, f.wcs, f.wcs_kind, f.wcs_rms_arcsec, f.wcs_n_star, f.pixel_scale_arcsec,
  f.noise_factor, f.noise_share, f.noise_covariance,
  f.fwhm_px, f.primary_radius_px, f.aper_radius_px, f.bias_id, f.dark_id, f.flat_id, f.pattern_id, s.sha256,
  f.mjd_mid, f.band, f.width, f.height, f.exptime_s
FROM frame AS f
JOIN file AS s ON s.file_id = f.file_id
WHERE f.frame_id IN (SELECT unnest($frames::INTEGER[]))
  AND f.state = 'ok' AND f.origin <> 'imported' AND f.wcs IS NOT NULL
  AND ($band::VARCHAR IS NULL OR f.band = $band::VARCHAR)
  AND ($from_mjd::DOUBLE IS NULL OR f.mjd_mid >= $from_mjd::DOUBLE)
  AND ($to_mjd::DOUBLE IS NULL OR f.mjd_mid < $to_mjd::DOUBLE)
ORDER BY f.mjd_mid, f.frame_id;
