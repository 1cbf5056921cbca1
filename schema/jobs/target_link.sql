-- Write which star a target is; only where that is another one now.
-- needs target_star
UPDATE target
SET object_id = n.object_id
FROM (
  SELECT t.target_id, s.object_id
  FROM target AS t
  LEFT JOIN target_star AS s ON s.target_id = t.target_id
) AS n
WHERE target.target_id = n.target_id AND target.object_id IS DISTINCT FROM n.object_id;
