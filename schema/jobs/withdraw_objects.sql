-- Objects seen in frames that are measured again.
-- $frame_ids  INTEGER[]
SELECT DISTINCT object_id
FROM detection
WHERE object_id IS NOT NULL AND frame_id IN (SELECT unnest($frame_ids::INTEGER[]));
