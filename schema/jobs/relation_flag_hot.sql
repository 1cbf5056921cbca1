-- Set or take away the flag of detections that hold, or do not hold any more, the light of two stars: those in detection_hot.
-- $flag  INTEGER  the bit
-- needs temp table rel_change
UPDATE detection_hot
SET flags = CASE WHEN m.is_merged THEN detection_hot.flags | $flag ELSE detection_hot.flags & ~$flag::INTEGER END
FROM rel_change AS m
WHERE detection_hot.object_id IS NOT DISTINCT FROM m.object_id
  AND detection_hot.frame_id = m.frame_id
  AND (detection_hot.flags & $flag <> 0) <> m.is_merged;
