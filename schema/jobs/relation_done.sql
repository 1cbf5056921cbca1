-- Write down which frames were looked at.
-- needs temp table rel_frame
INSERT INTO related_frame
SELECT frame_id, run_id
FROM rel_frame
ORDER BY frame_id;
