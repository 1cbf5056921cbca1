-- New paths of files (moved: file_id, path, mtime_ns).
UPDATE file
SET path = moved.path, mtime_ns = moved.mtime_ns
FROM moved
WHERE file.file_id = moved.file_id;
