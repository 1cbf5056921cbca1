-- Take away the detections of one partition that were gathered from newer nights.
-- $key_lo, $key_hi  BIGINT  the range of skey
DELETE FROM detection_hot
WHERE skey >= $key_lo::BIGINT AND skey < $key_hi::BIGINT;
