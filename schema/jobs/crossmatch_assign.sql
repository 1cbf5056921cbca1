-- Give detections of the night their objects.
-- needs assigned, given_assigned(rid, object_id)
INSERT INTO assigned
SELECT rid, object_id
FROM given_assigned;
