-- The stars that are used, of the tasks that were chosen.
SELECT s.system, s.frame, m.star, m.flux, m.flux_err, m.u, m.v
FROM zp_measured AS m
JOIN zp_system AS s ON s.task_no = m.task_no
WHERE m.cut_no = 99;
