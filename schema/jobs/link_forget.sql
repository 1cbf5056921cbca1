-- Make every object due to be linked.
UPDATE object
SET linked_run_id = NULL
WHERE linked_run_id IS NOT NULL;
