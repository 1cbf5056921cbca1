-- The terms of a spatial zero point up to the third order, each of mean zero over the frame; u and v from -1 to 1.
CREATE OR REPLACE MACRO zp_powers(u, v) AS
  [u, v, u * u - 1 / 3, u * v, v * v - 1 / 3, u * u * u, u * u * v, u * v * v, v * v * v];
