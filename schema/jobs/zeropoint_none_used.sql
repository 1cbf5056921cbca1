-- The frames that have candidates in zp_measured and use none of them, with what removed how many: the catalogue that has
-- most candidates, the cuts in the order of their numbers.
WITH removed AS (
  SELECT task_no, cut_no, count(*)::INTEGER AS n
  FROM zp_measured
  WHERE task_no IN (SELECT task_no FROM zp_measured GROUP BY task_no HAVING count(*) FILTER (cut_no = 99) = 0)
  GROUP BY task_no, cut_no
)
SELECT t.frame_id, arg_max(o.catalog, r.n) AS catalog, arg_max(r.cuts, r.n) AS cuts, arg_max(r.counts, r.n) AS counts
FROM (
  SELECT task_no, sum(n) AS n, list(cut_no ORDER BY cut_no) AS cuts, list(n ORDER BY cut_no) AS counts
  FROM removed
  GROUP BY task_no
) AS r
JOIN zp_task AS t ON t.task_no = r.task_no
LEFT JOIN zp_option AS o ON o.option_no = t.option_no
GROUP BY t.frame_id
ORDER BY t.frame_id;
