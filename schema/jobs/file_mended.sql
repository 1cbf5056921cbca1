-- Note the new content of a file that could not be read before.
-- $file_id INTEGER, $sha256 VARCHAR, $size BIGINT, $mtime_ns BIGINT
UPDATE file
SET sha256 = $sha256, size = $size, mtime_ns = $mtime_ns
WHERE file_id = $file_id;
