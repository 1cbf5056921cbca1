-- Files of which nothing but failed frames is known: they could not be read, or not as a frame.
SELECT file_id, list(frame_id ORDER BY frame_id) AS frame_ids
FROM frame
GROUP BY file_id
HAVING bool_and(state = 'failed' AND night IS NULL)
ORDER BY file_id;
