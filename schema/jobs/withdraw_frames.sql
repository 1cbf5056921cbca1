-- Take away frame rows that are about to be written again under the same id.
-- $frame_ids  INTEGER[]
DELETE FROM frame
WHERE frame_id IN (SELECT unnest($frame_ids::INTEGER[]));
