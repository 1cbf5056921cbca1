-- Zero point (mag) at a place with its magnitude term for one flux: spot is zp with its spatial part.
CREATE OR REPLACE MACRO zp_bent(spot, zp, mag_term, mag_pivot, flux) AS
  CASE
    WHEN mag_term IS NULL OR NOT flux > 0 THEN spot
    ELSE spot + mag_term * (zp - 2.5 * log10(flux::DOUBLE) - mag_pivot)
  END;
