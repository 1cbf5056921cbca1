-- When each frame saw an object: BJD (TDB), at the object's position.
-- $object_id  BIGINT
SELECT d.frame_id, f.jd_tdb + (f.bary_x * o.ux + f.bary_y * o.uy + f.bary_z * o.uz) AS bjd_tdb
FROM detection AS d
JOIN frame AS f ON f.frame_id = d.frame_id
JOIN object AS o ON o.object_id = d.object_id
WHERE d.object_id = $object_id::BIGINT;
