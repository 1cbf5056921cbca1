-- Every file seen so far.
SELECT file_id, path, sha256, size, mtime_ns, duplicate_of
FROM file
ORDER BY file_id;
