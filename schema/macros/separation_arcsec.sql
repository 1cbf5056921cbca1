-- Angle between two positions in degrees, in arcsec; exact at any distance and at the poles.
CREATE OR REPLACE MACRO separation_arcsec(ra1, dec1, ra2, dec2) AS
  degrees(2 * asin(least(1, sqrt(
    sin(radians(dec2 - dec1) / 2) ** 2
    + cos(radians(dec1)) * cos(radians(dec2)) * sin(radians(ra2 - ra1) / 2) ** 2
  )))) * 3600;
