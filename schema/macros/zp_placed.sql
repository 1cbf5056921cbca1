-- Zero point (mag) that holds for one measurement, as zp_here has it, of columns that stand by themselves. u, v: the place
-- in the frame, from -1 to 1. Every mention of a longer expression is planned anew: with columns it takes half the time.
CREATE OR REPLACE MACRO zp_placed(zp, zp_map, mag_term, mag_pivot, flux, u, v) AS
  zp + CASE WHEN zp_map IS NULL THEN 0.0 ELSE zp_polynomial(zp_map, u, v) END
  + CASE
      WHEN mag_term IS NULL OR NOT flux > 0 THEN 0.0
      ELSE mag_term * (zp - 2.5 * log10(flux::DOUBLE) - mag_pivot)
    END;
