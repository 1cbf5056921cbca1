-- Forced photometry: what a target asks for, positions of single frames, fluxes at given places, PSF models and fluxes,
-- distances of moving targets, what SkyBoT knows of a field.
ALTER TABLE target ADD COLUMN a_arcsec DOUBLE;
ALTER TABLE target ADD COLUMN b_arcsec DOUBLE;
ALTER TABLE target ADD COLUMN pa_deg DOUBLE;
ALTER TABLE target ADD COLUMN offset_ra DOUBLE;
ALTER TABLE target ADD COLUMN offset_dec DOUBLE;
ALTER TABLE target ADD COLUMN designation VARCHAR;
ALTER TABLE target ADD COLUMN source VARCHAR;
ALTER TABLE target ADD COLUMN methods VARCHAR[];
ALTER TABLE target ADD COLUMN object_id BIGINT;
ALTER TABLE ephemeris ADD COLUMN r_au DOUBLE;
ALTER TABLE ephemeris ADD COLUMN delta_au DOUBLE;
ALTER TABLE ephemeris ADD COLUMN phase_deg DOUBLE;
ALTER TABLE ephemeris ADD COLUMN v_mag DOUBLE;
ALTER TABLE ephemeris ADD COLUMN site VARCHAR;
ALTER TABLE frame ADD COLUMN noise_factor DOUBLE;
ALTER TABLE frame ADD COLUMN noise_share FLOAT;
ALTER TABLE frame ADD COLUMN noise_covariance FLOAT[];
ALTER TABLE detection_hot ADD COLUMN flux_psf FLOAT;
ALTER TABLE detection_hot ADD COLUMN flux_psf_err FLOAT;
ALTER TABLE detection_cold ADD COLUMN flux_psf FLOAT;
ALTER TABLE detection_cold ADD COLUMN flux_psf_err INTEGER;
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
CREATE TABLE target_position (
  target_id INTEGER NOT NULL,
  frame_name VARCHAR NOT NULL,
  mjd DOUBLE,
  ra DOUBLE NOT NULL,
  dec DOUBLE NOT NULL
);
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
CREATE TABLE sky_body_query (
  query_id INTEGER NOT NULL,
  ra DOUBLE NOT NULL,
  dec DOUBLE NOT NULL,
  radius_deg DOUBLE NOT NULL,
  mjd DOUBLE NOT NULL,
  site VARCHAR NOT NULL,
  n_body INTEGER NOT NULL,
  asked TIMESTAMP NOT NULL
);
CREATE TABLE sky_body (
  query_id INTEGER NOT NULL,
  number VARCHAR,
  name VARCHAR NOT NULL,
  kind VARCHAR,
  ra DOUBLE NOT NULL,
  dec DOUBLE NOT NULL,
  ra_rate DOUBLE,
  dec_rate DOUBLE,
  v_mag DOUBLE,
  sigma_arcsec DOUBLE,
  r_au DOUBLE,
  delta_au DOUBLE,
  phase_deg DOUBLE
);
