-- Why apertures of a run have no flux in frames that were measured (x is NULL in the others), and how many each.
-- $run_id  INTEGER
SELECT split_part(reason, ':', 1) AS why, count(*) AS n
FROM forced
WHERE run_id = $run_id::INTEGER AND flux IS NULL AND reason IS NOT NULL AND x IS NOT NULL
GROUP BY ALL
ORDER BY n DESC, why;
