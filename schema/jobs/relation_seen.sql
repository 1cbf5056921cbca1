-- In which frames the blended stars are detected: all of them for new pairs, the new ones for the others.
-- needs temp tables rel_blend, rel_frame
CREATE OR REPLACE TEMP TABLE rel_seen AS
SELECT object_id, frame_id
FROM detection
WHERE object_id IN (SELECT object_id FROM rel_blend WHERE is_new)
UNION
SELECT object_id, frame_id
FROM detection
WHERE object_id IN (SELECT object_id FROM rel_blend WHERE NOT is_new) AND frame_id IN (SELECT frame_id FROM rel_frame);
