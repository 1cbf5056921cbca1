-- Zero point (mag) of a frame with its spatial part, of columns that stand by themselves. u, v: the place, from -1 to 1.
-- Every mention of a longer expression is planned anew: with columns it takes half the time.
CREATE OR REPLACE MACRO zp_spot(zp, zp_map, u, v) AS
  zp + CASE WHEN zp_map IS NULL THEN 0.0 ELSE zp_polynomial(zp_map, u, v) END;
