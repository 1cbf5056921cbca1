-- Objects whose name begins so.
-- $called  VARCHAR   as J020410.28+464116.1, or its first part
SELECT object_id, name, ra, dec, n_detections
FROM object
WHERE starts_with(name, $called::VARCHAR)
ORDER BY name = $called::VARCHAR DESC, name, object_id
LIMIT 5;
