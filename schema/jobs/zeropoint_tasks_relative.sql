-- Every frame once, with no catalogue.
CREATE OR REPLACE TEMP TABLE zp_task AS
SELECT
  row_number() OVER (ORDER BY f.frame_id)::INTEGER AS task_no,
  f.frame_id, 0 AS option_no, f.detector, f.band, f.mjd_mid, f.reach_arcsec, f.aperture_arcsec, f.pixel_scale_arcsec,
  f.width, f.height, f.is_new, f.n_detections
FROM zp_frame AS f
WHERE f.is_new OR f.frame_id IN (SELECT frame_id FROM zp_history WHERE catalog IS NULL);
