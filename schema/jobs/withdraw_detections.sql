-- Take away the detections of frames that are measured again: those of newer nights.
-- $frame_ids  INTEGER[]
DELETE FROM detection_hot
WHERE frame_id IN (SELECT unnest($frame_ids::INTEGER[]));
