-- The number (DOUBLE) of a code of encode_step.
CREATE OR REPLACE MACRO decode_step(code, per) AS
  CASE
    WHEN abs(code) <= 1000000000000000 THEN code / per
    WHEN code = 3000000000000000 THEN 'nan'::DOUBLE
    ELSE sign(code) * 'inf'::DOUBLE
  END;
