-- One file seen.
CREATE TABLE file (
  file_id INTEGER NOT NULL,
  path VARCHAR NOT NULL,
  sha256 VARCHAR,
  size BIGINT,
  mtime_ns BIGINT,
  duplicate_of INTEGER
);
COMMENT ON TABLE file IS 'one file seen; unchanged path, size and mtime: not hashed again';
COMMENT ON COLUMN file.file_id IS 'counted from 1';
COMMENT ON COLUMN file.path IS 'absolute path when last seen (photdb frames --relocate moves it)';
COMMENT ON COLUMN file.sha256 IS 'of its content; NULL when it could not be read';
COMMENT ON COLUMN file.size IS 'bytes';
COMMENT ON COLUMN file.mtime_ns IS 'time of last change, ns since 1970 UTC';
COMMENT ON COLUMN file.duplicate_of IS 'file_id of the file with the same content that was seen first';
