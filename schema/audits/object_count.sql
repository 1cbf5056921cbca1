-- Objects whose count of detections is not the number of their detections.
SELECT o.object_id, o.n_detections, count(d.object_id) AS n_found
FROM object AS o
LEFT JOIN detection AS d ON d.object_id = o.object_id
GROUP BY o.object_id, o.n_detections
HAVING count(d.object_id) <> o.n_detections
ORDER BY o.object_id;
