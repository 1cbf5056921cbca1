-- Coverage of frames that are missing or not ok.
SELECT c.frame_id, any_value(f.state) AS state, count(*) AS n_cell
FROM frame_cover AS c
LEFT JOIN frame AS f ON f.frame_id = c.frame_id
WHERE f.frame_id IS NULL OR f.state <> 'ok'
GROUP BY c.frame_id
ORDER BY c.frame_id;
