-- The detections of the night that no settled star has taken, as matching needs them.
-- needs staged, assigned, night_frame(frame_id, mjd_mid, fwhm_arcsec, wcs_rms_arcsec)
SELECT
  d.rid,
  0::BIGINT AS skey,
  0::BIGINT AS object_id,
  d.frame_id,
  d.ra,
  d.dec,
  detection_snr(d) AS snr,
  d.grade,
  d.reach,
  f.fwhm_arcsec AS fwhm,
  f.wcs_rms_arcsec AS wcs_rms,
  f.mjd_mid AS mjd
FROM staged AS d
JOIN night_frame AS f ON f.frame_id = d.frame_id
ANTI JOIN assigned AS a ON a.rid = d.rid
WHERE d.ra IS NOT NULL AND d.reach IS NOT NULL
ORDER BY d.rid;
