-- Detections that have no object yet (only what matching needs).
CREATE OR REPLACE TEMP TABLE loose AS
SELECT rid, frame_id, c, ux, uy, uz, hpx, coalesce(flux / nullif(flux_err, 0), 0) AS snr
FROM staged
WHERE ra IS NOT NULL;
