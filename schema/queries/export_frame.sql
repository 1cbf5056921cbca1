-- Frames by their number.
-- $band  VARCHAR   NULL: every band
SELECT *
FROM frame
WHERE $band::VARCHAR IS NULL OR band = $band::VARCHAR
ORDER BY frame_id;
