-- Append the files that are seen for the first time.
-- needs given_files, with columns of file
INSERT INTO file BY NAME
FROM given_files;
