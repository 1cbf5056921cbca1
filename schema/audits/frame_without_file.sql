-- Frames whose file is not there.
SELECT f.frame_id, f.file_id, f.path
FROM frame AS f
ANTI JOIN file AS s ON s.file_id = f.file_id
ORDER BY f.frame_id;
