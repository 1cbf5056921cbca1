-- Frames by their number.
-- $band  VARCHAR   NULL: every band
SELECT
  frame_id, file_id, hdu, path, night, telescope, detector, site, site_latitude, site_longitude, site_height,
  object_name, filter, band, calibrate_as, mjd_mid, jd_tdb, bary_x, bary_y, bary_z, exptime_s, airmass, ra, dec,
  corner_ra, corner_dec, wcs, wcs_kind, wcs_rms_arcsec, wcs_n_star, pixel_scale_arcsec, width, height, x0, y0,
  binning, gain, read_noise, saturation, fwhm_arcsec, fwhm_px, ellipticity, sky, sky_rms, threshold_sigma,
  n_detections, match_radius_arcsec, primary_aperture_id, primary_radius_px, primary_noise, aper_radius_px,
  aper_noise, bias_id, dark_id, flat_id, pattern_id, guesses, warnings, settings, run_id, state, reason
FROM frame
WHERE $band::VARCHAR IS NULL OR band = $band::VARCHAR
ORDER BY frame_id;
