-- Objects by their number.
-- $objects  BIGINT[]   these; NULL: all
SELECT *
FROM object
WHERE $objects::BIGINT[] IS NULL OR object_id IN (SELECT unnest($objects::BIGINT[]))
ORDER BY object_id;
