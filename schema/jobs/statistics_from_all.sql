-- Let the statistics be those of all detections.
CREATE OR REPLACE TEMP VIEW stat_detection AS
SELECT object_id, frame_id, flux, flux_err, x, y, flags
FROM detection
WHERE object_id IS NOT NULL;
