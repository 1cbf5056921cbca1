-- Frames that a run committed which was killed before it was through: their targets may still be to be measured.
-- $run_id  INTEGER  of the run at work
SELECT f.frame_id
FROM frame AS f
JOIN run AS r ON r.run_id = f.run_id
WHERE f.state = 'ok' AND r.state <> 'done' AND r.run_id <> $run_id::INTEGER
ORDER BY f.frame_id;
