-- The frames that were imported from files.
-- $file_ids  INTEGER[]
SELECT frame_id, file_id, state
FROM frame
WHERE origin = 'imported' AND file_id IN (SELECT unnest($file_ids::INTEGER[]))
ORDER BY frame_id;
