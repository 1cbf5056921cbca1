-- Forced fluxes of neither a target nor an object of the store.
SELECT p.target_id, p.object_id, count(*) AS n
FROM forced AS p
WHERE (p.target_id IS NULL AND p.object_id IS NULL)
  OR (p.target_id IS NOT NULL AND p.target_id NOT IN (SELECT target_id FROM target))
  OR (p.object_id IS NOT NULL AND p.object_id NOT IN (SELECT object_id FROM object))
GROUP BY p.target_id, p.object_id;
