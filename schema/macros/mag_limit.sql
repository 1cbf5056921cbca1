-- Magnitude of n_sigma times the noise (ADU/s) of an empty aperture; NULL where the noise is not positive.
CREATE OR REPLACE MACRO mag_limit(sigma, zp, n_sigma := 5) AS
  flux_to_mag(n_sigma * sigma, zp);
