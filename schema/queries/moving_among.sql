-- The moving targets of the store, each with the object of its detections.
SELECT t.target_id, t.name, o.object_id
FROM target AS t
JOIN target_kind AS k ON k.target_id = t.target_id AND k.kind = 'moving'
LEFT JOIN object AS o ON o.target_id = t.target_id AND o.kind = 'moving'
ORDER BY t.target_id, o.object_id;
