-- In how many frames an object was measured, and how many of these have a zero point.
-- $object_id  BIGINT
SELECT count(*) AS n_frame, count(z.zp) AS n_calibrated
FROM detection AS d
LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0
WHERE d.object_id = $object_id::BIGINT;
