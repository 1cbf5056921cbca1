-- The stars that are used, of the tasks that were chosen. part is the part of the detector, out of 8 x 8.
-- $with_place  BOOLEAN  u and v are wanted
SELECT
  s.system, s.frame, m.star, m.flux, m.flux_err, m.part,
  CASE WHEN $with_place THEN m.u END AS u, CASE WHEN $with_place THEN m.v END AS v
FROM zp_measured AS m
JOIN zp_system AS s ON s.task_no = m.task_no
WHERE m.cut_no = 99;
