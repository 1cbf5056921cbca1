-- Magnitude error of a flux, 2.5 / ln 10 times the relative error; NULL where the flux is not positive.
CREATE OR REPLACE MACRO mag_error(flux, flux_err) AS
  CASE WHEN flux > 0 THEN 1.0857362047581296 * flux_err::DOUBLE / flux::DOUBLE END;
