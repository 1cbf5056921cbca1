-- Zero points of frames that are missing or not ok.
SELECT z.frame_id, any_value(f.state) AS state, count(*) AS n_zeropoint
FROM zeropoint AS z
LEFT JOIN frame AS f ON f.frame_id = z.frame_id
WHERE f.frame_id IS NULL OR f.state <> 'ok'
GROUP BY z.frame_id
ORDER BY z.frame_id;
