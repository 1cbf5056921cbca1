-- Which partition holds which object, by the object's number.
-- $files  VARCHAR[]   partitions of the table of objects
SELECT
  object_id,
  regexp_extract(filename, 'Norder=(\d+)', 1)::UTINYINT AS "Norder",
  regexp_extract(filename, 'Npix=(\d+)', 1)::UBIGINT AS "Npix"
FROM read_parquet($files::VARCHAR[], filename = true, hive_partitioning = false)
ORDER BY object_id;
