-- Paths of targets that are not there.
SELECT e.target_id, count(*) AS n_date
FROM ephemeris AS e
ANTI JOIN target AS t ON t.target_id = e.target_id
GROUP BY e.target_id
ORDER BY e.target_id;
