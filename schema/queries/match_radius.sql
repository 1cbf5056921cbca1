-- The greatest distance (arcsec) at which a detection of any frame joins an object.
SELECT max(match_radius_arcsec) AS match_radius_arcsec
FROM frame;
