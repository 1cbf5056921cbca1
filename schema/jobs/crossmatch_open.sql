-- Detections that have no object yet (only what matching needs).
-- needs staged, assigned
CREATE OR REPLACE TEMP TABLE loose AS
SELECT rid, frame_id, ux, uy, uz, reach, grade, year
FROM staged
WHERE ra IS NOT NULL AND reach IS NOT NULL AND rid NOT IN (SELECT rid FROM assigned);
