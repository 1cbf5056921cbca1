-- What the store knows of and has not measured: frames that failed, files that are neither a frame nor part of a master.
SELECT
  (SELECT count(*) FROM frame WHERE state = 'ok') AS n_ok,
  (SELECT count(*) FROM frame WHERE state <> 'ok') AS n_unusable,
  (
    SELECT count(*)
    FROM file AS f
    ANTI JOIN frame AS m ON m.file_id = f.file_id
    ANTI JOIN master_input AS i ON i.file_id = f.file_id
    WHERE f.duplicate_of IS NULL
  ) AS n_file;
