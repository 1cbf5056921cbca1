-- The ellipses that were measured of a target, by frame.
-- $target_id  INTEGER  NULL: none
SELECT frame_id, 'forced' AS kind, x, y, method, a_px, b_px, theta
FROM forced
WHERE target_id = $target_id::INTEGER AND method = 'ellipse' AND flux IS NOT NULL
ORDER BY frame_id;
