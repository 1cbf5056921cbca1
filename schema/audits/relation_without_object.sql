-- Neighbours and blends of objects that are not there.
SELECT r.object_id, r.other_id, r.kind
FROM object_relation AS r
LEFT JOIN object AS o ON o.object_id = r.object_id
LEFT JOIN object AS other ON other.object_id = r.other_id
WHERE o.object_id IS NULL OR other.object_id IS NULL
ORDER BY r.object_id, r.other_id;
