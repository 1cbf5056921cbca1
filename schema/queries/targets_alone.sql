-- Targets that have points of a light curve and no object: their place, how many points, and whether they move.
-- $targets  INTEGER[]  of these; NULL: of all
-- $band     VARCHAR    NULL: every band
SELECT p.target_id, t.name, t.ra, t.dec, k.kind = 'moving' AS is_moving, count(*) AS n_point
FROM curve_point AS p
JOIN target AS t ON t.target_id = p.target_id
JOIN target_kind AS k ON k.target_id = p.target_id
JOIN frame AS f ON f.frame_id = p.frame_id
WHERE p.object_id IS NULL
  AND ($targets::INTEGER[] IS NULL OR p.target_id IN (SELECT unnest($targets::INTEGER[])))
  AND ($band::VARCHAR IS NULL OR f.band = $band::VARCHAR)
GROUP BY ALL
ORDER BY p.target_id;
