-- Remove the stars that are longer than the median of those that have passed the cuts before, in robust sigmas.
-- $sigma  DOUBLE
UPDATE zp_measured AS m
SET cut_no = least(m.cut_no, 7), cut_else = least(m.cut_else, 7)
FROM (
  SELECT task_no, median(elongation) AS middle, $sigma * 1.4826 * mad(elongation) AS wide
  FROM zp_measured
  WHERE cut_no > 7
  GROUP BY task_no
) AS s
WHERE s.task_no = m.task_no AND m.cut_else > 7 AND coalesce(abs(m.elongation - s.middle) > s.wide, true);
