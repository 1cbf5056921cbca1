-- Write down that a partition is one sorted run.
-- $key_lo  BIGINT
-- $n_rows  BIGINT
-- $now     TIMESTAMP  UTC
UPDATE hpx_partition
SET n_rows = $n_rows, n_runs = least($n_rows, 1), compacted_at = $now
WHERE key_lo = $key_lo;
