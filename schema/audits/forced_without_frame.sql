-- Forced fluxes of a frame that is not in the store, or was not measured.
SELECT p.frame_id, count(*) AS n
FROM forced AS p
LEFT JOIN frame AS f ON f.frame_id = p.frame_id
WHERE f.frame_id IS NULL OR (f.state <> 'ok' AND p.reason IS NULL)
GROUP BY p.frame_id;
