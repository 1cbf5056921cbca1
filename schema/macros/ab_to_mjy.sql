-- Flux density (mJy) of an AB magnitude: 3631 Jy at 0 (Oke & Gunn 1983, ApJ 266, 713).
CREATE OR REPLACE MACRO ab_to_mjy(mag) AS
  3631e3 * 10 ** (-0.4 * mag::DOUBLE);
