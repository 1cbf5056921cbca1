-- Write new partitions, by key.
-- needs given_partitions(norder, npix, key_lo, key_hi, n_rows, n_runs, compacted_at)
INSERT INTO hpx_partition
SELECT norder, npix, key_lo, key_hi, n_rows, n_runs, compacted_at
FROM given_partitions
ORDER BY key_lo;
