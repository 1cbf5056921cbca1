-- The tables of the store that hold rows, the largest first.
SELECT table_name
FROM duckdb_tables()
WHERE NOT internal AND NOT temporary AND estimated_size > 0
ORDER BY estimated_size DESC, table_name;
