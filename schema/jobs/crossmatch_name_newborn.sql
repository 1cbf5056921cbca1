-- Give the detections of new objects the ids their objects were born with.
-- needs newborn(parent, object_id, ...)
UPDATE assigned
SET object_id = n.object_id
FROM newborn AS n
WHERE assigned.object_id = n.parent;
