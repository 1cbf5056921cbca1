-- Ids that objects have in a range.
-- $low BIGINT, $high BIGINT
SELECT object_id
FROM object
WHERE object_id BETWEEN $low AND $high
ORDER BY object_id;
