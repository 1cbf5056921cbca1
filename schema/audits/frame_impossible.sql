-- Frames whose numbers cannot be: time, exposure, airmass, seeing, place.
SELECT frame_id, mjd_mid, exptime_s, airmass, fwhm_px, ra, dec, width, height
FROM frame
WHERE state = 'ok'
  AND (
    mjd_mid NOT BETWEEN 0 AND 110000 OR exptime_s < 0 OR airmass < 0.99 OR fwhm_px <= 0
    OR ra NOT BETWEEN 0 AND 360 OR dec NOT BETWEEN -90 AND 90 OR width < 1 OR height < 1
    OR isnan(mjd_mid) OR isnan(exptime_s) OR isnan(airmass) OR isnan(fwhm_px) OR isnan(ra) OR isnan(dec)
  )
ORDER BY frame_id;
