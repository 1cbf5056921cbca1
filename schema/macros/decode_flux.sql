-- The flux (DOUBLE) of a code of encode_flux and its error.
CREATE OR REPLACE MACRO decode_flux(code, sigma) AS
  CASE
    WHEN abs(code) < 2147483648 THEN code / 64e0 * sigma
    ELSE decode_log(code - 4294967296 * sign(code), 268435456e0)
  END;
