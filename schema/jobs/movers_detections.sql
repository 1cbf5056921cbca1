-- The detections of some frames, for the statements that follow.
-- needs given_frames(frame_id)
CREATE OR REPLACE TEMP TABLE mover_detection AS
SELECT d.object_id, d.frame_id, d.ra, d.dec, d.x, d.y, d.flux, d.flux_err, d.flags, f.mjd_mid
FROM detection AS d
JOIN frame AS f ON f.frame_id = d.frame_id
WHERE d.frame_id IN (SELECT frame_id FROM given_frames) AND d.ra IS NOT NULL;
