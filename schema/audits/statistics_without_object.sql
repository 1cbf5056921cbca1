-- Statistics of objects that are not there.
SELECT b.object_id, count(*) AS n_band
FROM object_band AS b
ANTI JOIN object AS o ON o.object_id = b.object_id
GROUP BY b.object_id
ORDER BY b.object_id;
