-- Flag the detections that hold the light of two stars: those in detection_hot.
-- $flag  INTEGER  the bit
-- needs temp table rel_merged
UPDATE detection_hot
SET flags = detection_hot.flags | $flag
FROM (SELECT DISTINCT object_id, frame_id FROM rel_merged) AS m
WHERE detection_hot.object_id = m.object_id
  AND detection_hot.frame_id = m.frame_id
  AND detection_hot.flags & $flag = 0;
