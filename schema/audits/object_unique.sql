-- Objects that share an id.
SELECT object_id, count(*) AS n_object
FROM object
GROUP BY object_id
HAVING count(*) > 1
ORDER BY object_id;
