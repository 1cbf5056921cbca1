-- The points of the objects counted, each light curve in order of time; f and e are NULL where a point does not count.
-- needs stat_point
SELECT object_id, series, mjd_mid, (night - DATE '1858-11-17')::INTEGER AS night, f, sqrt(ee) AS e, flags, fwhm_arcsec, frame_id
FROM stat_point
ORDER BY object_id, series, mjd_mid, frame_id;
