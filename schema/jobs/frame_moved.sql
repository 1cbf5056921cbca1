-- Follow the file of a frame that was moved.
-- $file_id INTEGER, $path VARCHAR
UPDATE frame
SET path = $path
WHERE file_id = $file_id;
