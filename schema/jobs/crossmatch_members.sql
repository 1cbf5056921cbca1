-- The stored detections of given objects, as matching needs them.
-- $cut       INTEGER  bits of flags that say that a detection is not where its star is
-- $gate_snr  DOUBLE   a whole detection of this signal to noise is bright
-- needs given_stars(object_id)
SELECT
  -1::BIGINT AS rid,
  d.skey,
  d.object_id,
  d.frame_id,
  d.ra,
  d.dec,
  detection_snr(d) AS snr,
  detection_grade(d, $cut, $gate_snr) AS grade,
  f.match_radius_arcsec AS reach,
  f.fwhm_arcsec AS fwhm,
  f.wcs_rms_arcsec AS wcs_rms,
  f.mjd_mid AS mjd
FROM detection AS d
JOIN frame AS f ON f.frame_id = d.frame_id
WHERE d.object_id IN (SELECT object_id FROM given_stars) AND d.ra IS NOT NULL AND f.match_radius_arcsec IS NOT NULL
ORDER BY d.skey, d.frame_id;
