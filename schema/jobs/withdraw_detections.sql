-- Take away the detections of frames that are measured again.
-- $frame_ids  INTEGER[]
DELETE FROM detection_hot
WHERE frame_id IN (SELECT unnest($frame_ids));
