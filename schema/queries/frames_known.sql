-- Which images of which files have a frame row, and how they fared.
SELECT file_id, hdu, frame_id, state
FROM frame
ORDER BY frame_id;
