-- Let the statistics be those of the detections in new frames, but for objects that are counted anew.
-- needs stat_new(frame_id), stat_touched(object_id)
CREATE OR REPLACE TEMP VIEW stat_detection AS
SELECT object_id, frame_id, flux, flux_err, x, y, flags
FROM detection
WHERE object_id IS NOT NULL AND frame_id IN (SELECT frame_id FROM stat_new)
  AND object_id NOT IN (SELECT object_id FROM stat_touched);
