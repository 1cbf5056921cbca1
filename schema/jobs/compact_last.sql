-- The greatest row number of the compacted detections of one partition; -1: there are none.
-- $key_lo, $key_hi  BIGINT  the range of skey
SELECT coalesce(max(rowid), -1)
FROM detection_cold
WHERE skey >= $key_lo::BIGINT AND skey < $key_hi::BIGINT;
