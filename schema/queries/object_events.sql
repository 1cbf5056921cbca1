-- What happened to an object and to those that became part of it, the oldest first; NULL: to all.
-- $object_id  BIGINT
WITH RECURSIVE theirs AS (
  SELECT $object_id::BIGINT AS object_id
  UNION
  SELECT object_id
  FROM object_alias
  WHERE old_id = $object_id::BIGINT
  UNION
  SELECT a.old_id
  FROM theirs AS t
  JOIN object_alias AS a ON a.object_id = t.object_id
)
SELECT event_id, run_id, time, event, object_id, other_id, n_detections, reason
FROM object_event
WHERE $object_id::BIGINT IS NULL
  OR object_id IN (SELECT object_id FROM theirs)
  OR other_id IN (SELECT object_id FROM theirs)
ORDER BY event_id;
