-- Old ids that lead to several objects, or that are ids of objects still.
SELECT a.old_id, count(DISTINCT a.object_id) AS n_object, count(o.object_id) AS n_present
FROM object_alias AS a
LEFT JOIN object AS o ON o.object_id = a.old_id
GROUP BY a.old_id
HAVING count(*) > 1 OR count(o.object_id) > 0
ORDER BY a.old_id;
