-- The tables that a collection keeps beside its detections, so that a store can be made of it again: not what was fetched and
-- can be fetched again, nor what the program makes anew.
SELECT table_name
FROM duckdb_tables()
WHERE NOT temporary
  AND table_name NOT IN ('meta', 'detection_hot', 'detection_cold', 'hpx_partition', 'refcat_tile', 'refstar', 'refmag', 'refname')
ORDER BY table_name;
