-- Two forced fluxes of one target or object in one frame, aperture and way of measuring.
SELECT frame_id, target_id, CASE WHEN target_id IS NULL THEN object_id END AS object_id, aperture_id, method, count(*) AS n
FROM forced
GROUP BY ALL
HAVING count(*) > 1;
