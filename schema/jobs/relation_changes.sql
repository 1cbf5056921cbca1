-- Detections whose flag is not what it should be. One without an object holds nobody's light.
-- $flag   INTEGER  the bit
-- $whole  BOOLEAN  all detections, not only those of the stars that are looked at
-- needs temp tables rel_looked, rel_merged
CREATE OR REPLACE TEMP TABLE rel_change AS
WITH had AS (
  SELECT object_id, frame_id
  FROM detection
  WHERE flags & $flag <> 0
    AND ($whole::BOOLEAN OR object_id IS NULL OR object_id IN (SELECT object_id FROM rel_looked))
),
has AS (SELECT object_id, frame_id FROM rel_merged)
SELECT *, false AS is_merged
FROM (FROM had EXCEPT FROM has) AS cleared
UNION ALL
SELECT *, true AS is_merged
FROM (FROM has EXCEPT FROM had) AS found;
