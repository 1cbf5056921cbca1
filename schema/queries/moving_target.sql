-- The moving target that an object is.
-- $object_id  BIGINT
SELECT t.target_id, t.name, t.designation, t.offset_ra, t.offset_dec
FROM object AS o
JOIN target AS t ON t.target_id = o.target_id
WHERE o.object_id = $object_id::BIGINT AND o.kind = 'moving';
