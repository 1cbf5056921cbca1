-- The partitions there are, by key.
SELECT norder, npix, key_lo, key_hi, n_rows, n_runs, compacted_at
FROM hpx_partition
ORDER BY key_lo;
