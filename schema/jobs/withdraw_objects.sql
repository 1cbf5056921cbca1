-- Stars seen in frames that are measured again; a moving target stays what it is (withdraw_moving).
-- $frame_ids  INTEGER[]
SELECT DISTINCT object_id
FROM detection
WHERE object_id IS NOT NULL AND frame_id IN (SELECT unnest($frame_ids::INTEGER[]))
  AND object_id NOT IN (SELECT object_id FROM object WHERE kind = 'moving');
