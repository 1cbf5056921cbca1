-- Targets that no frame saw, of those asked for: there is nothing to measure, and nothing was.
-- $target_ids  INTEGER[]
-- needs forced_todo, forced_place, forced_path
WITH known AS (
  SELECT place, target_id FROM forced_place
  UNION ALL
  SELECT place, target_id FROM forced_path
),
seen AS (
  SELECT k.target_id
  FROM known AS k
  SEMI JOIN forced_todo AS t ON t.place = k.place
  UNION ALL
  SELECT target_id
  FROM forced
)
SELECT target_id
FROM (SELECT unnest($target_ids::INTEGER[]) AS target_id) AS asked
WHERE target_id NOT IN (SELECT target_id FROM seen WHERE target_id IS NOT NULL)
ORDER BY target_id;
