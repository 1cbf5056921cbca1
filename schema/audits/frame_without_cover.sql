-- Frames with an outline on the sky that no question about a place can find.
SELECT f.frame_id, f.path
FROM frame AS f
ANTI JOIN frame_cover AS c ON c.frame_id = f.frame_id
WHERE f.state = 'ok' AND f.corner_ra IS NOT NULL
ORDER BY f.frame_id;
