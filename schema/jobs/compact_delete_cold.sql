-- Take away the compacted detections of one partition that were copied; those written since have greater row numbers.
-- $key_lo, $key_hi  BIGINT  the range of skey
-- $last             BIGINT  the greatest row number before
DELETE FROM detection_cold
WHERE skey >= $key_lo::BIGINT AND skey < $key_hi::BIGINT AND rowid <= $last::BIGINT;
