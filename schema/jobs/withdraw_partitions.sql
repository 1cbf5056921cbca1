-- Take compacted detections that are about to go from the counts of their partitions.
-- $frame_ids  INTEGER[]
UPDATE hpx_partition
SET n_rows = n_rows - gone.n
FROM (
  SELECT p.key_lo, count(*) AS n
  FROM hpx_partition AS p
  JOIN (
    SELECT skey
    FROM detection_cold
    WHERE frame_id IN (SELECT unnest($frame_ids::INTEGER[]))
  ) AS d ON d.skey >= p.key_lo AND d.skey < p.key_hi
  GROUP BY p.key_lo
) AS gone
WHERE hpx_partition.key_lo = gone.key_lo;
