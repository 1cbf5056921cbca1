-- Set or take away the flag of detections that hold, or do not hold any more, the light of two stars: those in detection_cold.
-- $flag  INTEGER  the bit
-- needs temp table rel_change
UPDATE detection_cold
SET flags = CASE WHEN m.is_merged THEN detection_cold.flags | $flag ELSE detection_cold.flags & ~$flag::INTEGER END
FROM rel_change AS m
WHERE detection_cold.object_id IS NOT DISTINCT FROM m.object_id
  AND detection_cold.frame_id = m.frame_id
  AND (detection_cold.flags & $flag <> 0) <> m.is_merged;
