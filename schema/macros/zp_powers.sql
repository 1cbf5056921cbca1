-- The terms of a spatial zero point up to the third order, u and v from -1 to 1 over the frame.
CREATE OR REPLACE MACRO zp_powers(u, v) AS
  [u, v, u * u, u * v, v * v, u * u * u, u * u * v, u * v * v, v * v * v];
