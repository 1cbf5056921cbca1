-- A polynomial of two, five or nine terms, in the order of zp_powers.
CREATE OR REPLACE MACRO zp_polynomial(map, u, v) AS
  u * (
    map[1]
    + u * (coalesce(map[3], 0) + u * coalesce(map[6], 0) + v * coalesce(map[7], 0))
    + v * (coalesce(map[4], 0) + v * coalesce(map[8], 0))
  )
  + v * (map[2] + v * (coalesce(map[5], 0) + v * coalesce(map[9], 0)))
  - (coalesce(map[3], 0) + coalesce(map[5], 0)) / 3;
