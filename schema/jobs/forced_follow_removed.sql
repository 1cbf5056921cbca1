-- Let forced fluxes of targets that were taken away follow the object at their place, where it became part of another one.
UPDATE forced
SET object_id = a.object_id, skey = coalesce(a.object_id, forced.skey)
FROM object_alias AS a
WHERE forced.target_id IS NOT NULL AND forced.object_id = a.old_id
  AND forced.target_id NOT IN (SELECT target_id FROM target);
