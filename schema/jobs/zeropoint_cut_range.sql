-- Remove the stars outside the range of magnitude that was found for their frame.
UPDATE zp_measured AS m
SET cut_no = least(m.cut_no, 4), cut_else = least(m.cut_else, 4)
FROM zp_candidate AS c, zp_range AS r
WHERE c.star = m.star AND r.task_no = m.task_no AND m.cut_else > 4 AND NOT c.mag BETWEEN r.lower AND r.upper;
