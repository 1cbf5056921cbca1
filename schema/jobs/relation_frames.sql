-- Frames in whose detections merged pairs were not looked for yet, or which were measured again since.
CREATE OR REPLACE TEMP TABLE rel_frame AS
SELECT f.frame_id, f.run_id, f.fwhm_arcsec
FROM frame AS f
LEFT JOIN related_frame AS r ON r.frame_id = f.frame_id AND r.run_id = f.run_id
WHERE f.state = 'ok' AND r.frame_id IS NULL;
