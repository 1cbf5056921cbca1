-- Light curve of the object nearest to a position in degrees, if it is within a radius (arcsec).
CREATE OR REPLACE MACRO light_curve_at(ra_deg, dec_deg, radius_arcsec := 5) AS TABLE
SELECT *
FROM lightcurve
WHERE object_id = (SELECT object_id FROM cone(ra_deg, dec_deg, radius_arcsec) LIMIT 1)
ORDER BY mjd_mid, band, frame_id;
