-- Ids in a range that objects have or had.
-- $low BIGINT, $high BIGINT
SELECT object_id
FROM object
WHERE object_id BETWEEN $low AND $high
UNION
SELECT old_id
FROM object_alias
WHERE old_id BETWEEN $low AND $high;
