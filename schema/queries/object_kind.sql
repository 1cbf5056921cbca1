-- What an object is: star or moving.
-- $object_id  BIGINT
SELECT coalesce(kind, 'star') AS kind
FROM object
WHERE object_id = $object_id::BIGINT;
