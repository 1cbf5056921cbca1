-- Read every value of a table, so that a damaged block of the file is found by its checksum.
-- $name  VARCHAR  the table
SELECT count(*) AS n, bit_xor(hash(whole)) AS digest
FROM query_table($name) AS whole;
