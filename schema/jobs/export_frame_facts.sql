-- What all rows of a frame share, by the place of the frame.
SELECT
  band, mjd_mid, mag_system, limit_mag, zp, zp_err, zp_sys, cal_id, airmass, fwhm_arcsec, night, telescope, detector,
  filter, exptime_s, 0 AS aperture_id, 'detected' AS kind
FROM export_frame
ORDER BY place;
