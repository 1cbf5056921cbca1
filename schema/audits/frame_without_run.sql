-- Frames whose run is not there.
SELECT f.frame_id, f.run_id
FROM frame AS f
ANTI JOIN run AS r ON r.run_id = f.run_id
ORDER BY f.frame_id;
