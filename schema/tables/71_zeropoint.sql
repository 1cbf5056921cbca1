-- The zero point of one frame and aperture in one calibration.
CREATE TABLE zeropoint (
  cal_id INTEGER NOT NULL,
  frame_id INTEGER NOT NULL,
  aperture_id INTEGER NOT NULL,
  zp DOUBLE,
  zp_err DOUBLE,
  zp_sys DOUBLE,
  zp_scatter DOUBLE,
  n_star INTEGER NOT NULL,
  n_candidate INTEGER NOT NULL,
  catalog VARCHAR,
  ref_band VARCHAR,
  ref_path VARCHAR,
  colour VARCHAR,
  colour_pivot DOUBLE,
  colour_term DOUBLE,
  colour_term_err DOUBLE,
  mag_pivot DOUBLE,
  mag_term DOUBLE,
  mag_term_err DOUBLE,
  extinction DOUBLE,
  extinction_err DOUBLE,
  zp_map DOUBLE[],
  chi2 DOUBLE,
  limit_mag DOUBLE,
  limit_3_mag DOUBLE,
  mag_system VARCHAR NOT NULL,
  ab_offset DOUBLE,
  flag INTEGER NOT NULL,
  reason VARCHAR
);
COMMENT ON TABLE zeropoint IS 'the zero point of one frame and aperture in one calibration';
COMMENT ON COLUMN zeropoint.cal_id IS 'the calibration';
COMMENT ON COLUMN zeropoint.frame_id IS 'the frame';
COMMENT ON COLUMN zeropoint.aperture_id IS '0 = the primary aperture of the frame, -1 = auto, -2 = PSF, -3 = the whole star (elliptical fluxes), else the aperture';
COMMENT ON COLUMN zeropoint.zp IS 'mag of 1 ADU/s: m_ref - m_inst = zp + colour_term (colour - colour_pivot) + mag_term (m_inst + zp - mag_pivot) + zp_map at the place';
COMMENT ON COLUMN zeropoint.zp_err IS 'mag; random error of this zero point';
COMMENT ON COLUMN zeropoint.zp_sys IS 'mag; error of the tie to the catalogue, common to all frames';
COMMENT ON COLUMN zeropoint.zp_scatter IS 'mag; robust scatter of the stars about it';
COMMENT ON COLUMN zeropoint.n_star IS 'stars used';
COMMENT ON COLUMN zeropoint.n_candidate IS 'stars matched before selection';
COMMENT ON COLUMN zeropoint.catalog IS 'catalogue of the reference stars; NULL: none (relative)';
COMMENT ON COLUMN zeropoint.ref_band IS 'band of the reference magnitudes';
COMMENT ON COLUMN zeropoint.ref_path IS 'how the reference magnitudes came to this band: the transformation''s name; NULL: they are the catalogue''s own';
COMMENT ON COLUMN zeropoint.colour IS 'colour index of the colour term, as g-i; NULL: no term';
COMMENT ON COLUMN zeropoint.colour_pivot IS 'mag; fixed per calibration and band';
COMMENT ON COLUMN zeropoint.colour_term IS 'mag per mag';
COMMENT ON COLUMN zeropoint.colour_term_err IS 'mag per mag; 1 sigma; NULL: it was given, not fitted';
COMMENT ON COLUMN zeropoint.mag_pivot IS 'mag; where the magnitude term is zero; fixed per calibration and band';
COMMENT ON COLUMN zeropoint.mag_term IS 'mag per mag of m_inst + zp; NULL: no term';
COMMENT ON COLUMN zeropoint.mag_term_err IS 'mag per mag; 1 sigma';
COMMENT ON COLUMN zeropoint.extinction IS 'mag per airmass, of the night; already in zp, said for information; NULL: not fitted';
COMMENT ON COLUMN zeropoint.extinction_err IS 'mag per airmass; 1 sigma';
COMMENT ON COLUMN zeropoint.zp_map IS 'mag; coefficients of u, v, u^2 - 1/3, uv, v^2 - 1/3, u^3, u^2 v, u v^2, v^3 with u = 2x/(width-1)-1, v = 2y/(height-1)-1; its mean over the frame is zero; NULL: no term';
COMMENT ON COLUMN zeropoint.chi2 IS 'per degree of freedom';
COMMENT ON COLUMN zeropoint.limit_mag IS 'mag; 5 sigma of this aperture with no source in it';
COMMENT ON COLUMN zeropoint.limit_3_mag IS 'mag; 3 sigma of this aperture with no source in it';
COMMENT ON COLUMN zeropoint.mag_system IS 'AB, Vega, tied (unfiltered, tied to ref_band), relative or instrumental';
COMMENT ON COLUMN zeropoint.ab_offset IS 'mag; m_AB - m of this band; NULL: unknown';
COMMENT ON COLUMN zeropoint.flag IS '0 good; 1 few stars; 2 far from the other frames of the night; 4 none could be made';
COMMENT ON COLUMN zeropoint.reason IS 'why flag is not 0, and what else there is to say: catalogues passed over, cuts given up';
