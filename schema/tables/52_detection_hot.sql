-- One source in one frame, one sorted run per night.
CREATE TABLE detection_hot (
  skey BIGINT NOT NULL,
  object_id BIGINT,
  frame_id INTEGER NOT NULL,
  ra DOUBLE,
  dec DOUBLE,
  x FLOAT NOT NULL,
  y FLOAT NOT NULL,
  flux FLOAT,
  flux_err FLOAT,
  flux_auto FLOAT,
  flux_auto_err FLOAT,
  aper_flux FLOAT[],
  aper_flux_err FLOAT[],
  sky FLOAT,
  peak FLOAT,
  a FLOAT,
  b FLOAT,
  theta FLOAT,
  fwhm FLOAT,
  kron_radius FLOAT,
  flux_radius FLOAT,
  class_star FLOAT,
  flags INTEGER NOT NULL,
  flux_psf FLOAT,
  flux_psf_err FLOAT
);
COMMENT ON TABLE detection_hot IS 'one source in one frame; each night is one run sorted by skey';
COMMENT ON COLUMN detection_hot.skey IS 'sort key: object_id, or the order-29 cell where there is no object';
COMMENT ON COLUMN detection_hot.object_id IS 'the object; NULL: none (a frame without WCS)';
COMMENT ON COLUMN detection_hot.frame_id IS 'the frame';
COMMENT ON COLUMN detection_hot.ra IS 'deg; ICRS, as measured';
COMMENT ON COLUMN detection_hot.dec IS 'deg; ICRS, as measured';
COMMENT ON COLUMN detection_hot.x IS 'px; 0-based, pixel centre at an integer, trimmed frame';
COMMENT ON COLUMN detection_hot.y IS 'px; 0-based, pixel centre at an integer, trimmed frame';
COMMENT ON COLUMN detection_hot.flux IS 'ADU/s; primary aperture, background subtracted; negative stays negative';
COMMENT ON COLUMN detection_hot.flux_err IS 'ADU/s; 1 sigma of the measurement alone';
COMMENT ON COLUMN detection_hot.flux_auto IS 'ADU/s; Kron aperture';
COMMENT ON COLUMN detection_hot.flux_auto_err IS 'ADU/s; 1 sigma';
COMMENT ON COLUMN detection_hot.aper_flux IS 'ADU/s; aperture i of table aperture; NULL: not measured';
COMMENT ON COLUMN detection_hot.aper_flux_err IS 'ADU/s; 1 sigma';
COMMENT ON COLUMN detection_hot.sky IS 'ADU/px; local background, subtracted';
COMMENT ON COLUMN detection_hot.peak IS 'ADU; brightest pixel above the background';
COMMENT ON COLUMN detection_hot.a IS 'px; rms along the major axis';
COMMENT ON COLUMN detection_hot.b IS 'px; rms along the minor axis';
COMMENT ON COLUMN detection_hot.theta IS 'rad; major axis, counter-clockwise from +x';
COMMENT ON COLUMN detection_hot.fwhm IS 'px; full width at half maximum';
COMMENT ON COLUMN detection_hot.kron_radius IS 'Kron radius in units of a and b';
COMMENT ON COLUMN detection_hot.flux_radius IS 'px; radius that holds half of the auto flux';
COMMENT ON COLUMN detection_hot.class_star IS '0 extended ... 1 like the stars of the frame';
COMMENT ON COLUMN detection_hot.flags IS 'bits of the flag table (docs/reference/flags.md)';
COMMENT ON COLUMN detection_hot.flux_psf IS 'ADU/s; fit of the PSF of the frame; NULL: not asked for';
COMMENT ON COLUMN detection_hot.flux_psf_err IS 'ADU/s; 1 sigma of the measurement alone';
