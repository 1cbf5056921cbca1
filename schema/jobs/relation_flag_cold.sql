-- Flag the detections that hold the light of two stars: those in detection_cold.
-- $flag  INTEGER  the bit
-- needs temp table rel_merged
UPDATE detection_cold
SET flags = detection_cold.flags | $flag
FROM (SELECT DISTINCT object_id, frame_id FROM rel_merged) AS m
WHERE detection_cold.object_id = m.object_id
  AND detection_cold.frame_id = m.frame_id
  AND detection_cold.flags & $flag = 0;
