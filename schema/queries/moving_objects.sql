-- The objects that are moving targets.
-- $objects  BIGINT[]  of these; NULL: of all
SELECT object_id
FROM object
WHERE kind = 'moving' AND target_id IS NOT NULL
  AND ($objects::BIGINT[] IS NULL OR object_id IN (SELECT unnest($objects::BIGINT[])))
ORDER BY object_id;
