-- Take away the cells of frames that are measured again.
-- $frame_ids  INTEGER[]
DELETE FROM frame_cover
WHERE frame_id IN (SELECT unnest($frame_ids::INTEGER[]));
