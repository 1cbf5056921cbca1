-- The detections of blended stars.
-- needs temp table rel_blend
CREATE OR REPLACE TEMP TABLE rel_seen AS
SELECT object_id, frame_id, flux, flux_err
FROM detection
WHERE object_id IN (SELECT object_id FROM rel_blend UNION SELECT other_id FROM rel_blend);
