-- Compacted detections of no partition.
SELECT skey, count(*) AS n_detection
FROM detection_cold
WHERE skey < (SELECT coalesce(min(key_lo), 9223372036854775807) FROM hpx_partition)
  OR skey >= (SELECT coalesce(max(key_hi), -9223372036854775808) FROM hpx_partition)
GROUP BY skey
ORDER BY skey;
