-- Positions in frames of targets that are not there.
SELECT p.target_id, count(*) AS n_position
FROM target_position AS p
ANTI JOIN target AS t ON t.target_id = p.target_id
GROUP BY p.target_id
ORDER BY p.target_id;
