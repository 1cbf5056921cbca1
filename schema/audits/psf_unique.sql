-- PSF models given twice for one frame and kind, or in use beside another, or of a frame that is not measured.
SELECT p.frame_id, string_agg(p.kind, ', ' ORDER BY p.kind) AS kinds, count(*) FILTER (p.in_use) AS n_in_use
FROM frame_psf AS p
LEFT JOIN frame AS f ON f.frame_id = p.frame_id
GROUP BY p.frame_id
HAVING count(*) > count(DISTINCT p.kind) OR count(*) FILTER (p.in_use) > 1 OR NOT bool_and(f.frame_id IS NOT NULL AND f.state = 'ok');
