-- A number as a whole number of steps, so many per unit; up to 1e15 steps either way, beyond that it is infinite.
-- Infinities and NaN have codes of their own, NULL stays NULL.
CREATE OR REPLACE MACRO encode_step(v, per) AS
  CASE
    WHEN abs(v::DOUBLE) * per <= 1e15 THEN round(v::DOUBLE * per)::BIGINT
    WHEN isnan(v) THEN 3000000000000000
    ELSE 2000000000000000 * sign(v)
  END;
