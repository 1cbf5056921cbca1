-- Where isolation leaves too few stars of those that pass all other cuts, it is not asked for.
-- $min_stars  INTEGER
UPDATE zp_measured AS m
SET cut_no = m.cut_else
FROM (
  SELECT task_no
  FROM zp_measured
  GROUP BY task_no
  HAVING count(*) FILTER (cut_no = 99) < $min_stars AND count(*) FILTER (cut_else = 99) > count(*) FILTER (cut_no = 99)
) AS s
WHERE s.task_no = m.task_no AND m.cut_no = 3;
