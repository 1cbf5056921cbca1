-- New paths of the frames in files (moved: file_id, path, mtime_ns).
UPDATE frame
SET path = moved.path
FROM moved
WHERE frame.file_id = moved.file_id;
