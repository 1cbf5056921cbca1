-- Spatial part of a zero point (mag) at a place of the frame; 0 where there is none. x, y: px, 0-based.
-- The terms are those of zp_powers; they are written out because every mention of a place is planned anew.
CREATE OR REPLACE MACRO zp_at(map, x, y, width, height) AS
  CASE WHEN map IS NULL THEN 0.0
  ELSE zp_polynomial(map, 2.0 * x / (width - 1) - 1, 2.0 * y / (height - 1) - 1)
  END;
