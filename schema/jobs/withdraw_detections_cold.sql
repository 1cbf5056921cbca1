-- Take away the detections of frames that are measured again: the compacted ones (after withdraw_partitions).
-- $frame_ids  INTEGER[]
DELETE FROM detection_cold
WHERE frame_id IN (SELECT unnest($frame_ids::INTEGER[]));
