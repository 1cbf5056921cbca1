-- Do not ask for isolation in some tasks.
-- $tasks  INTEGER[]
UPDATE zp_measured
SET cut_no = cut_else
WHERE cut_no = 3 AND task_no IN (SELECT unnest($tasks));
