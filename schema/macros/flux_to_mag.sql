-- Magnitude of a flux in ADU/s; NULL where the flux is not positive.
CREATE OR REPLACE MACRO flux_to_mag(flux, zp) AS
  CASE WHEN flux > 0 THEN zp - 2.5 * log10(flux::DOUBLE) END;
