-- Of some stars those that were measured in every one of some frames without a flag that makes a point no measure of them.
-- $objects  BIGINT[]
-- $frames   INTEGER[]
-- $unfit    INTEGER    flags
SELECT object_id
FROM detection
WHERE object_id IN (SELECT unnest($objects::BIGINT[]))
  AND frame_id IN (SELECT unnest($frames::INTEGER[]))
  AND flags & $unfit::INTEGER = 0
GROUP BY object_id
HAVING count(*) = len($frames::INTEGER[]);
