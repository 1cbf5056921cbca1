-- A flux as a whole number of 1/64 of its own error (DOUBLE, as decoded): nothing below 0.01 sigma is told apart.
-- Without a usable error, or beyond 33 million sigma, it is kept to the last digit of a FLOAT (encode_log, 2^28 steps),
-- at a distance of 2^32 from what else there is.
CREATE OR REPLACE MACRO encode_flux(flux, sigma) AS
  CASE
    WHEN sigma > 0 AND isfinite(sigma) AND abs(flux) < 33554431 * sigma THEN round(flux / sigma * 64)::BIGINT
    ELSE encode_log(flux::DOUBLE, 268435456e0)::BIGINT + CASE WHEN flux < 0 THEN -4294967296 ELSE 4294967296 END
  END;
