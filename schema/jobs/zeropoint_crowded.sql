-- The tasks that isolation leaves too few stars of those that pass all other cuts, with how many it would take.
-- $min_stars  INTEGER
SELECT task_no, (count(*) FILTER (cut_else = 99) - count(*) FILTER (cut_no = 99))::INTEGER AS n_crowded
FROM zp_measured
GROUP BY task_no
HAVING count(*) FILTER (cut_no = 99) < $min_stars AND n_crowded > 0
ORDER BY task_no;
