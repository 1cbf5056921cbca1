-- Take away partitions that are split.
-- $key_lo  BIGINT[]
DELETE FROM hpx_partition
WHERE key_lo IN (SELECT unnest($key_lo::BIGINT[]));
