-- Measured frames with what other programs keep in the header of a frame.
-- $frames  INTEGER[]   only these; NULL: all
SELECT
  f.frame_id, f.file_id, f.hdu, f.path, f.band, f.exptime_s, f.fwhm_arcsec, f.fwhm_px, f.ellipticity, f.sky, f.sky_rms,
  f.saturation, f.threshold_sigma, f.pixel_scale_arcsec, f.primary_aperture_id, f.aper_radius_px, f.x0, f.y0, f.width,
  f.height, f.wcs, f.wcs_kind, f.run_id,
  (
    SELECT avg(pi() * d.kron_radius::DOUBLE ** 2 * d.a * d.b)
    FROM detection AS d
    WHERE d.frame_id = f.frame_id
  ) AS npix_auto
FROM frame AS f
WHERE f.state = 'ok' AND ($frames::INTEGER[] IS NULL OR f.frame_id IN (SELECT unnest($frames::INTEGER[])))
ORDER BY f.frame_id;
