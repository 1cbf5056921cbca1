-- Let the statistics be those of all detections of some objects.
-- needs stat_touched(object_id)
CREATE OR REPLACE TEMP VIEW stat_detection AS
SELECT object_id, frame_id, flux, flux_err, x, y, flags
FROM detection
WHERE object_id IN (SELECT object_id FROM stat_touched);
