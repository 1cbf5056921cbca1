-- Every file the store knows, with what its content was.
SELECT file_id, path, sha256
FROM file
ORDER BY path, file_id;
