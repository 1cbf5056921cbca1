-- Take away the compacted detections of one partition that were gathered.
-- $key_lo, $key_hi  BIGINT  the range of skey
DELETE FROM detection_cold
WHERE skey >= $key_lo::BIGINT AND skey < $key_hi::BIGINT;
