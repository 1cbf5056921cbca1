-- Zero point (mag) that holds for one measurement: the frame's, its spatial part at the place, and the magnitude term.
-- The colour term is not in it: a frame's zero point is that of a star of the pivot colour.
CREATE OR REPLACE MACRO zp_here(z, flux, x, y, width, height) AS
  z.zp + zp_at(z.zp_map, x, y, width, height)
  + CASE
      WHEN z.mag_term IS NULL OR NOT flux > 0 THEN 0.0
      ELSE z.mag_term * (z.zp - 2.5 * log10(flux::DOUBLE) - z.mag_pivot)
    END;
