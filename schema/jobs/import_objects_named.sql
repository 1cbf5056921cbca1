-- Which object most detections of each imported name became.
-- needs given_names(rid, called), and the temporary tables of crossmatch
SELECT g.called, mode(a.object_id) AS object_id, count(*) AS n, count(DISTINCT a.object_id) AS n_object
FROM given_names AS g
JOIN assigned AS a ON a.rid = g.rid
GROUP BY g.called
ORDER BY g.called;
