-- Old ids that lead to an object that is not there.
SELECT a.old_id, a.object_id
FROM object_alias AS a
ANTI JOIN object AS o ON o.object_id = a.object_id
ANTI JOIN object_alias AS further ON further.old_id = a.object_id
WHERE a.object_id IS NOT NULL
ORDER BY a.old_id;
