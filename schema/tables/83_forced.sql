-- One flux at a place that somebody asked for, in one frame and one aperture; or why there is none.
CREATE TABLE forced (
  skey BIGINT NOT NULL,
  object_id BIGINT,
  target_id INTEGER,
  frame_id INTEGER NOT NULL,
  aperture_id INTEGER NOT NULL,
  method VARCHAR NOT NULL,
  reason VARCHAR,
  ra DOUBLE,
  dec DOUBLE,
  x FLOAT,
  y FLOAT,
  shift_ra FLOAT,
  shift_dec FLOAT,
  a_px FLOAT,
  b_px FLOAT,
  theta FLOAT,
  flux FLOAT,
  flux_err FLOAT,
  err_source FLOAT,
  err_pixels FLOAT,
  err_background FLOAT,
  noise FLOAT,
  noise_empty FLOAT,
  correction FLOAT,
  sky FLOAT,
  frac_edge FLOAT,
  frac_masked FLOAT,
  frac_saturated FLOAT,
  chi2 FLOAT,
  flags INTEGER NOT NULL,
  is_detected BOOLEAN NOT NULL,
  run_id INTEGER NOT NULL,
  noise_factor FLOAT
);
COMMENT ON TABLE forced IS 'one flux at a given place in one frame and aperture, or why there is none; sorted by skey and frame in each run';
COMMENT ON COLUMN forced.skey IS 'sort key: object_id, or the order-29 cell of the place where there is no object';
COMMENT ON COLUMN forced.object_id IS 'the object at the place; NULL: none';
COMMENT ON COLUMN forced.target_id IS 'the target; NULL: asked for as an object';
COMMENT ON COLUMN forced.frame_id IS 'the frame';
COMMENT ON COLUMN forced.aperture_id IS '0 = the primary aperture of the frame, i of table aperture, -2 = PSF, -3 = the ellipse of the target';
COMMENT ON COLUMN forced.method IS 'circle, ellipse, trail or psf';
COMMENT ON COLUMN forced.reason IS 'why there is no flux; NULL: there is one';
COMMENT ON COLUMN forced.ra IS 'deg; ICRS, where it was measured, at the date of the frame';
COMMENT ON COLUMN forced.dec IS 'deg; ICRS, where it was measured, at the date of the frame';
COMMENT ON COLUMN forced.x IS 'px; 0-based, pixel centre at an integer, trimmed frame';
COMMENT ON COLUMN forced.y IS 'px; 0-based, pixel centre at an integer, trimmed frame';
COMMENT ON COLUMN forced.shift_ra IS 'arcsec; how far recentring moved it to the east, with cos(dec); NULL: not recentred';
COMMENT ON COLUMN forced.shift_dec IS 'arcsec; to the north';
COMMENT ON COLUMN forced.a_px IS 'px; radius, semi-major axis, or half length of a trail with its rounded ends';
COMMENT ON COLUMN forced.b_px IS 'px; radius, semi-minor axis, or half width of a trail';
COMMENT ON COLUMN forced.theta IS 'rad; of a_px, counter-clockwise from +x; NULL: a circle';
COMMENT ON COLUMN forced.flux IS 'ADU/s; background subtracted; negative stays negative';
COMMENT ON COLUMN forced.flux_err IS 'ADU/s; 1 sigma of the measurement alone';
COMMENT ON COLUMN forced.err_source IS 'ADU/s; the part of flux_err that is the photons of the source';
COMMENT ON COLUMN forced.err_pixels IS 'ADU/s; the part that is the pixels without a source: photons of the sky, read noise, dark, master frames';
COMMENT ON COLUMN forced.err_background IS 'ADU/s; the part that is the level of the local sky';
COMMENT ON COLUMN forced.noise IS 'ADU/s; 1 sigma of the same aperture with no source in it: what limits are made of';
COMMENT ON COLUMN forced.noise_empty IS 'ADU/s; scatter of such apertures on empty places of the frame; NULL: too few';
COMMENT ON COLUMN forced.correction IS 'factor that flux, its errors and noises were multiplied with, so that the aperture holds as much of a star as the one of the zero point';
COMMENT ON COLUMN forced.sky IS 'ADU/px; local background, subtracted';
COMMENT ON COLUMN forced.frac_edge IS 'share of the aperture outside the frame';
COMMENT ON COLUMN forced.frac_masked IS 'share of the aperture on bad pixels and cosmic rays';
COMMENT ON COLUMN forced.frac_saturated IS 'share of the aperture on saturated pixels';
COMMENT ON COLUMN forced.chi2 IS 'of the PSF fit, per degree of freedom';
COMMENT ON COLUMN forced.flags IS 'bits of the flag table (docs/reference/flags.md)';
COMMENT ON COLUMN forced.is_detected IS 'the frame has a detection of the object: light curves then show that one';
COMMENT ON COLUMN forced.run_id IS 'the run';
COMMENT ON COLUMN forced.noise_factor IS 'what the noise of the pixels was multiplied with in noise and limits, and in errors where the frame was resampled, because neighbouring pixels are alike; 1: they are not';
