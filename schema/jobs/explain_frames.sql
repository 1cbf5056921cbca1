-- The zero points of frames in their primary aperture, with what is said of them: in use, or of one calibration.
-- $cal_id     INTEGER    NULL: the one that each frame uses
-- $frame_ids  INTEGER[]  NULL: all
-- $band       VARCHAR    NULL: all
CREATE OR REPLACE TEMP TABLE explain_frame AS
SELECT
  f.frame_id, f.path, f.night, f.mjd_mid, f.detector, f.band, f.airmass, f.width, f.height, f.pixel_scale_arcsec,
  f.fwhm_arcsec, c.method, c.settings, z.* EXCLUDE (frame_id)
FROM frame AS f
LEFT JOIN zeropoint_active AS a ON a.frame_id = f.frame_id AND a.aperture_id = 0 AND $cal_id::INTEGER IS NULL
LEFT JOIN zeropoint AS z
  ON z.frame_id = f.frame_id AND z.aperture_id = 0 AND z.cal_id = coalesce($cal_id::INTEGER, a.cal_id)
LEFT JOIN calibration AS c ON c.cal_id = z.cal_id
WHERE f.state = 'ok'
  AND ($frame_ids::INTEGER[] IS NULL OR f.frame_id IN (SELECT unnest($frame_ids::INTEGER[])))
  AND ($band::VARCHAR IS NULL OR f.band = $band::VARCHAR)
  AND ($cal_id::INTEGER IS NULL OR z.cal_id IS NOT NULL)
ORDER BY f.mjd_mid, f.frame_id;
