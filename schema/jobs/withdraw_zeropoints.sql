-- Take away the zero points of frames that are measured again.
-- $frame_ids  INTEGER[]
DELETE FROM zeropoint
WHERE frame_id IN (SELECT unnest($frame_ids::INTEGER[]));
