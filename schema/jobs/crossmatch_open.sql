-- Detections that have no object yet (only what matching needs).
-- is_cut: truncated at the edge of its frame, so not quite where its star is.
-- $truncated  INTEGER  the bit of flags that says so
CREATE OR REPLACE TEMP TABLE loose AS
SELECT rid, frame_id, c, ux, uy, uz, hpx, coalesce(flux / nullif(flux_err, 0), 0) AS snr, flags & $truncated <> 0 AS is_cut
FROM staged
WHERE ra IS NOT NULL;
