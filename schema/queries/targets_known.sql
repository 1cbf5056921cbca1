-- Which of many numbers are objects.
-- $objects  VARCHAR   as text of a BIGINT[]
SELECT o.object_id, o.name, o.ra, o.dec
FROM object AS o
SEMI JOIN (SELECT unnest($objects::VARCHAR::BIGINT[]) AS object_id) AS a ON a.object_id = o.object_id;
