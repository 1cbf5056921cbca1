-- The objects of moving targets.
SELECT target_id, object_id
FROM object
WHERE kind = 'moving' AND target_id IS NOT NULL;
