-- Follow a file that was moved.
-- $file_id INTEGER, $path VARCHAR, $size BIGINT, $mtime_ns BIGINT
UPDATE file
SET path = $path, size = $size, mtime_ns = $mtime_ns
WHERE file_id = $file_id;
