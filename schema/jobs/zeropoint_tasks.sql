-- Every frame with every option that its band has.
CREATE OR REPLACE TEMP TABLE zp_task AS
SELECT
  row_number() OVER (ORDER BY f.frame_id, o.option_no)::INTEGER AS task_no,
  f.frame_id, o.option_no, f.detector, f.band, f.mjd_mid, f.reach_arcsec, f.aperture_arcsec, f.pixel_scale_arcsec,
  f.width, f.height, f.is_new, f.n_detections
FROM zp_frame AS f
JOIN zp_option AS o ON o.frame_band = f.band
WHERE f.is_new OR EXISTS (
  FROM zp_history AS h
  WHERE h.frame_id = f.frame_id AND h.catalog = o.catalog AND h.ref_band = o.ref_band
    AND h.ref_path IS NOT DISTINCT FROM o.ref_path
);
