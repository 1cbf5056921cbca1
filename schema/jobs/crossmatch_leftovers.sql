-- The stored detections in a box that belong to no object, as matching needs them.
-- $x0 $x1 $y0 $y1 $z0 $z1  DOUBLE   the box, unit vectors
-- $cut       INTEGER  bits of flags that say that a detection is not where its star is
-- $gate_snr  DOUBLE   a whole detection of this signal to noise is bright
WITH d AS (
  SELECT *
  FROM detection
  WHERE object_id IS NULL AND ra IS NOT NULL
    AND sin(radians(dec)) BETWEEN $z0 AND $z1
    AND cos(radians(dec)) * cos(radians(ra)) BETWEEN $x0 AND $x1
    AND cos(radians(dec)) * sin(radians(ra)) BETWEEN $y0 AND $y1
)
SELECT
  -1::BIGINT AS rid,
  d.skey,
  0::BIGINT AS object_id,
  d.frame_id,
  d.ra,
  d.dec,
  detection_snr(d) AS snr,
  detection_grade(d, $cut, $gate_snr) AS grade,
  f.match_radius_arcsec AS reach,
  f.fwhm_arcsec AS fwhm,
  f.wcs_rms_arcsec AS wcs_rms,
  f.mjd_mid AS mjd
FROM d
JOIN frame AS f ON f.frame_id = d.frame_id
WHERE f.match_radius_arcsec IS NOT NULL
ORDER BY d.skey, d.frame_id;
