-- The moving target that an object is, or that was asked for by its number.
-- $object_id  BIGINT   NULL: none
-- $target_id  INTEGER  NULL: none
SELECT t.target_id, t.name, t.designation, t.offset_ra, t.offset_dec
FROM target AS t
JOIN target_kind AS k ON k.target_id = t.target_id
WHERE k.kind = 'moving'
  AND (
    t.target_id = $target_id::INTEGER
    OR t.target_id IN (
      SELECT target_id
      FROM object
      WHERE object_id = $object_id::BIGINT AND kind = 'moving'
    )
  );
