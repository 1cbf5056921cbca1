-- A spatial zero point at evenly spaced places of a frame, row by row from the first pixel to the last.
-- $map  DOUBLE[]  mag; coefficients as in zeropoint.zp_map
-- $n    INTEGER   places along an axis
SELECT zp_at($map::DOUBLE[], i::DOUBLE, j::DOUBLE, $n, $n) AS mag
FROM range($n) AS v(j), range($n) AS u(i)
ORDER BY j, i;
