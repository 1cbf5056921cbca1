-- Count down the partitions that compacted detections leave which change hands; before they are taken out.
-- needs given_moves(skey, frame_id, old_id)
UPDATE hpx_partition
SET n_rows = n_rows - gone.n
FROM (
  SELECT p.key_lo, count(*) AS n
  FROM detection_cold AS d
  JOIN given_moves AS g ON g.skey = d.skey AND g.frame_id = d.frame_id AND g.old_id = coalesce(d.object_id, 0)
  JOIN hpx_partition AS p ON d.skey >= p.key_lo AND d.skey < p.key_hi
  GROUP BY p.key_lo
) AS gone
WHERE hpx_partition.key_lo = gone.key_lo;
