-- The number (DOUBLE, within the range of FLOAT) of a code of encode_log.
CREATE OR REPLACE MACRO decode_log(code, s) AS
  CASE
    WHEN abs(code) < 220 * s THEN sign(code) * exp(abs(code) / s - 128)
    WHEN code = 240 * s THEN 'nan'::DOUBLE
    ELSE sign(code) * 'inf'::DOUBLE
  END;
