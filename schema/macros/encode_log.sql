-- A number of any sign as a whole number: its logarithm in steps of 1/s (half a step is a relative error of 1 / 2s).
-- Every number has a code: 0 stays 0, infinities and NaN have their own, NULL stays NULL.
CREATE OR REPLACE MACRO encode_log(v, s) AS
  CASE
    WHEN isfinite(v) AND v <> 0 THEN (sign(v) * (least(round(s * ln(abs(v))), floor(s * 88.722839052)) + 128 * s))
    WHEN isnan(v) THEN 240 * s
    ELSE 230 * s * sign(v)
  END;
