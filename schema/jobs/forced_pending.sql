-- Objects whose forced fluxes in some frames are to be made anew, and in which apertures.
-- $frame_ids  INTEGER[]
SELECT f.aperture_id, a.kind, a.diameter, list(DISTINCT f.object_id ORDER BY f.object_id) AS object_ids
FROM forced AS f
JOIN object AS o ON o.object_id = f.object_id
LEFT JOIN aperture AS a ON a.aperture_id = f.aperture_id
WHERE f.target_id IS NULL AND f.reason IS NOT NULL AND f.x IS NULL
  AND f.frame_id IN (SELECT unnest($frame_ids::INTEGER[]))
GROUP BY ALL
ORDER BY f.aperture_id;
