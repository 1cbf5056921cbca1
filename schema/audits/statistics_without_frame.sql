-- Frames that statistics hold and that are missing or not ok.
SELECT s.frame_id, f.state
FROM statistics_frame AS s
LEFT JOIN frame AS f ON f.frame_id = s.frame_id
WHERE f.frame_id IS NULL OR f.state <> 'ok'
ORDER BY s.frame_id;
