-- Bodies of an answer of SkyBoT that is not in the store, or another number of them than the answer had.
SELECT coalesce(q.query_id, b.query_id) AS query_id, q.n_body, b.n
FROM sky_body_query AS q
FULL JOIN (SELECT query_id, count(*) AS n FROM sky_body GROUP BY query_id) AS b ON b.query_id = q.query_id
WHERE coalesce(q.n_body, -1) <> coalesce(b.n, 0);
