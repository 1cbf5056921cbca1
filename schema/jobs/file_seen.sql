-- Note the size and time of change of a file whose content is known.
-- $file_id INTEGER, $size BIGINT, $mtime_ns BIGINT
UPDATE file
SET size = $size, mtime_ns = $mtime_ns
WHERE file_id = $file_id;
