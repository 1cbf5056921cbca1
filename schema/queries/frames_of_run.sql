-- The measured frames that came with a run, and when they were taken.
-- $run_id  INTEGER
SELECT frame_id, mjd_mid
FROM frame
WHERE run_id = $run_id::INTEGER AND state = 'ok' AND mjd_mid IS NOT NULL
ORDER BY frame_id;
