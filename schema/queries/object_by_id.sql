-- One object.
-- $object_id  BIGINT
SELECT object_id, name, ra, dec, n_detections
FROM object
WHERE object_id = $object_id::BIGINT;
