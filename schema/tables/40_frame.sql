-- One science image (file and HDU), or one file that could not be used.
CREATE TABLE frame (
  frame_id INTEGER NOT NULL,
  file_id INTEGER NOT NULL,
  hdu INTEGER NOT NULL,
  path VARCHAR NOT NULL,
  night DATE,
  telescope VARCHAR,
  detector VARCHAR,
  site VARCHAR,
  site_latitude DOUBLE,
  site_longitude DOUBLE,
  site_height DOUBLE,
  object_name VARCHAR,
  filter VARCHAR,
  band VARCHAR,
  calibrate_as VARCHAR,
  mjd_mid DOUBLE,
  jd_tdb DOUBLE,
  bary_x DOUBLE,
  bary_y DOUBLE,
  bary_z DOUBLE,
  exptime_s DOUBLE,
  airmass DOUBLE,
  ra DOUBLE,
  dec DOUBLE,
  corner_ra DOUBLE[],
  corner_dec DOUBLE[],
  wcs VARCHAR,
  wcs_kind VARCHAR,
  wcs_rms_arcsec DOUBLE,
  wcs_n_star INTEGER,
  pixel_scale_arcsec DOUBLE,
  width INTEGER,
  height INTEGER,
  x0 INTEGER,
  y0 INTEGER,
  binning VARCHAR,
  gain DOUBLE,
  read_noise DOUBLE,
  saturation DOUBLE,
  fwhm_arcsec DOUBLE,
  fwhm_px DOUBLE,
  ellipticity DOUBLE,
  sky DOUBLE,
  sky_rms DOUBLE,
  threshold_sigma DOUBLE,
  n_detections INTEGER,
  match_radius_arcsec DOUBLE,
  primary_aperture_id INTEGER,
  primary_radius_px DOUBLE,
  primary_noise DOUBLE,
  aper_radius_px FLOAT[],
  aper_noise FLOAT[],
  bias_id INTEGER,
  dark_id INTEGER,
  flat_id INTEGER,
  pattern_id INTEGER,
  guesses VARCHAR[],
  warnings VARCHAR[],
  settings VARCHAR,
  run_id INTEGER NOT NULL,
  state VARCHAR NOT NULL,
  reason VARCHAR,
  origin VARCHAR DEFAULT 'measured',
  noise_factor DOUBLE,
  noise_share FLOAT,
  noise_covariance FLOAT[],
  UNIQUE (file_id, hdu)
);
COMMENT ON TABLE frame IS 'one science image (file and HDU), or one file that could not be used';
COMMENT ON COLUMN frame.frame_id IS 'counted from 1; kept for ever, also when the frame is measured again';
COMMENT ON COLUMN frame.file_id IS 'the file; (file_id, hdu) is unique';
COMMENT ON COLUMN frame.hdu IS 'image extension, 0 = primary';
COMMENT ON COLUMN frame.path IS 'absolute path when last seen';
COMMENT ON COLUMN frame.night IS 'date of the evening at the site';
COMMENT ON COLUMN frame.telescope IS 'name of the telescope file that explained the header';
COMMENT ON COLUMN frame.detector IS 'telescope, camera and chip';
COMMENT ON COLUMN frame.site IS 'name of the observatory';
COMMENT ON COLUMN frame.site_latitude IS 'deg; geodetic';
COMMENT ON COLUMN frame.site_longitude IS 'deg; east';
COMMENT ON COLUMN frame.site_height IS 'm; above the ellipsoid';
COMMENT ON COLUMN frame.object_name IS 'the header''s OBJECT';
COMMENT ON COLUMN frame.filter IS 'the header''s word for the filter';
COMMENT ON COLUMN frame.band IS 'our name of the passband';
COMMENT ON COLUMN frame.calibrate_as IS 'catalogue band this unfiltered band is tied to; NULL: none';
COMMENT ON COLUMN frame.mjd_mid IS 'd; MJD (UTC) of mid-exposure';
COMMENT ON COLUMN frame.jd_tdb IS 'd; JD (TDB) of mid-exposure at the observatory';
COMMENT ON COLUMN frame.bary_x IS 'light-days; observatory from the barycentre, ICRS x';
COMMENT ON COLUMN frame.bary_y IS 'light-days; observatory from the barycentre, ICRS y';
COMMENT ON COLUMN frame.bary_z IS 'light-days; observatory from the barycentre, ICRS z';
COMMENT ON COLUMN frame.exptime_s IS 's; exposure time';
COMMENT ON COLUMN frame.airmass IS 'at mid-exposure, at the centre of the frame';
COMMENT ON COLUMN frame.ra IS 'deg; ICRS, of the centre';
COMMENT ON COLUMN frame.dec IS 'deg; ICRS, of the centre';
COMMENT ON COLUMN frame.corner_ra IS 'deg; ICRS, of the outline, in order';
COMMENT ON COLUMN frame.corner_dec IS 'deg; ICRS, of the outline, in order';
COMMENT ON COLUMN frame.wcs IS 'FITS header cards of the solution, for the trimmed frame';
COMMENT ON COLUMN frame.wcs_kind IS 'header (kept, not verified), refined, solved, rough, imported (positions came with the table), or NULL (none)';
COMMENT ON COLUMN frame.wcs_rms_arcsec IS 'arcsec; rms of the matched stars about the solution, on one axis';
COMMENT ON COLUMN frame.wcs_n_star IS 'stars matched';
COMMENT ON COLUMN frame.pixel_scale_arcsec IS 'arcsec/px at the centre';
COMMENT ON COLUMN frame.width IS 'px, after trimming';
COMMENT ON COLUMN frame.height IS 'px, after trimming';
COMMENT ON COLUMN frame.x0 IS 'px; columns trimmed at the left: x of the file = x + x0';
COMMENT ON COLUMN frame.y0 IS 'px; rows trimmed at the bottom';
COMMENT ON COLUMN frame.binning IS 'as 1x1';
COMMENT ON COLUMN frame.gain IS 'e-/ADU';
COMMENT ON COLUMN frame.read_noise IS 'e-';
COMMENT ON COLUMN frame.saturation IS 'ADU of the raw frame';
COMMENT ON COLUMN frame.fwhm_arcsec IS 'arcsec; robust, from stars';
COMMENT ON COLUMN frame.fwhm_px IS 'px; robust, from stars';
COMMENT ON COLUMN frame.ellipticity IS '1 - b/a; robust, from stars';
COMMENT ON COLUMN frame.sky IS 'ADU/px; median of the background';
COMMENT ON COLUMN frame.sky_rms IS 'ADU/px; median of the noise map';
COMMENT ON COLUMN frame.threshold_sigma IS 'sigma of the noise map; detection threshold that was applied';
COMMENT ON COLUMN frame.n_detections IS 'sources measured';
COMMENT ON COLUMN frame.match_radius_arcsec IS 'arcsec; greatest distance at which a detection joins an object';
COMMENT ON COLUMN frame.primary_aperture_id IS 'aperture that flux was measured in; 0: a size of its own (primary_radius_px)';
COMMENT ON COLUMN frame.primary_radius_px IS 'px; radius of the primary aperture';
COMMENT ON COLUMN frame.primary_noise IS 'ADU/s; 1 sigma of the primary aperture with no source in it';
COMMENT ON COLUMN frame.aper_radius_px IS 'px; radius of aperture i in this frame; NULL: not measured';
COMMENT ON COLUMN frame.aper_noise IS 'ADU/s; 1 sigma of aperture i with no source in it';
COMMENT ON COLUMN frame.bias_id IS 'master bias subtracted';
COMMENT ON COLUMN frame.dark_id IS 'master dark subtracted';
COMMENT ON COLUMN frame.flat_id IS 'master flat divided by';
COMMENT ON COLUMN frame.pattern_id IS 'fixed pattern subtracted';
COMMENT ON COLUMN frame.guesses IS 'what the header did not say and was assumed';
COMMENT ON COLUMN frame.warnings IS 'what makes this frame less good than it could be';
COMMENT ON COLUMN frame.settings IS 'settings of the measurement, as JSON';
COMMENT ON COLUMN frame.run_id IS 'the run that measured it';
COMMENT ON COLUMN frame.state IS 'ok, failed or rejected';
COMMENT ON COLUMN frame.reason IS 'why it is not ok, or what is missing in it';
COMMENT ON COLUMN frame.origin IS 'measured here, or imported: a table of another program, whose pixels are not here';
COMMENT ON COLUMN frame.noise_factor IS 'what the noise of the pixels of the empty primary aperture is multiplied with in limits, and in errors where the frame was resampled (pixels side by side share a fifth of their noise), because neighbouring pixels are alike; 1: they are not; NULL: not looked at';
COMMENT ON COLUMN frame.noise_share IS 'part of that excess variance that empty apertures of the frame confirmed; NULL: no excess';
COMMENT ON COLUMN frame.noise_covariance IS 'mean product of the noise of pixels 0, 1, sqrt 2, 2, sqrt 5, sqrt 8, 3, sqrt 10, sqrt 13 and 4 px apart, in units of the variance that errors are made of; with noise_share it makes the factor of any aperture; NULL: no excess';
