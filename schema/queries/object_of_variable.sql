-- The object that has the name of a variable star, by what it was linked to.
-- $called  VARCHAR  as its catalogue writes it
SELECT object_id
FROM object
WHERE vsx_name = $called::VARCHAR
ORDER BY n_detections DESC, object_id
LIMIT 1;
