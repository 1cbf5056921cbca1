-- AB magnitude of a flux density (mJy); NULL where it is not positive.
CREATE OR REPLACE MACRO mjy_to_ab(flux_mjy) AS
  CASE WHEN flux_mjy > 0 THEN -2.5 * log10(flux_mjy::DOUBLE / 3631e3) END;
