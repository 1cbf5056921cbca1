-- One model of the stars' images of a frame: a Moffat function and, where asked for, an empirical one.
CREATE TABLE frame_psf (
  frame_id INTEGER NOT NULL,
  kind VARCHAR NOT NULL,
  n_star INTEGER NOT NULL,
  fwhm_x DOUBLE,
  fwhm_y DOUBLE,
  theta DOUBLE,
  beta DOUBLE,
  degree INTEGER NOT NULL,
  size INTEGER,
  oversampling INTEGER,
  coefficients FLOAT[],
  chi2 DOUBLE,
  residual DOUBLE,
  run_id INTEGER NOT NULL,
  noise DOUBLE,
  zp_shift DOUBLE,
  zp_shift_err DOUBLE,
  n_shift INTEGER,
  in_use BOOLEAN NOT NULL
);
COMMENT ON TABLE frame_psf IS 'the stars'' images of a frame, as a model; at most one row a frame and kind';
COMMENT ON COLUMN frame_psf.frame_id IS 'the frame';
COMMENT ON COLUMN frame_psf.kind IS 'moffat or empirical';
COMMENT ON COLUMN frame_psf.n_star IS 'stars it was made from';
COMMENT ON COLUMN frame_psf.fwhm_x IS 'px; full width at half maximum along theta, at the centre of the frame';
COMMENT ON COLUMN frame_psf.fwhm_y IS 'px; across theta';
COMMENT ON COLUMN frame_psf.theta IS 'rad; of the axis of fwhm_x, counter-clockwise from +x';
COMMENT ON COLUMN frame_psf.beta IS 'exponent of the Moffat function';
COMMENT ON COLUMN frame_psf.degree IS 'of the polynomial in the place on the frame; 0: the same everywhere';
COMMENT ON COLUMN frame_psf.size IS 'samples along a side of the empirical model';
COMMENT ON COLUMN frame_psf.oversampling IS 'samples a pixel of the empirical model';
COMMENT ON COLUMN frame_psf.coefficients IS 'of the polynomial, term by term, each term a model';
COMMENT ON COLUMN frame_psf.chi2 IS 'of the stars it was made from, per degree of freedom';
COMMENT ON COLUMN frame_psf.residual IS 'rms of the residuals of these stars in a pixel, as a share of the star''s brightest pixel';
COMMENT ON COLUMN frame_psf.run_id IS 'the run';
COMMENT ON COLUMN frame_psf.noise IS 'ADU/s; error of a fitted flux where there is no source: the median over the frame; NULL: a first look, of few stars';
COMMENT ON COLUMN frame_psf.zp_shift IS 'mag; zero point of fitted fluxes less that of the primary aperture: median of 2.5 log10(PSF flux / primary flux) of bright stars';
COMMENT ON COLUMN frame_psf.zp_shift_err IS 'mag; 1 sigma, from the scatter of these stars';
COMMENT ON COLUMN frame_psf.n_shift IS 'how many stars these are';
COMMENT ON COLUMN frame_psf.in_use IS 'PSF fluxes of the frame are of this model, an empirical one';
