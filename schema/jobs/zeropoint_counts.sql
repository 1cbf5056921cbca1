-- How many stars each frame has for each of its options, and how many that are crowded are used all the same.
SELECT
  task_no, count(*)::INTEGER AS n_candidate, (count(*) FILTER (m.cut_no = 99))::INTEGER AS n_used
FROM zp_measured AS m
GROUP BY task_no;
