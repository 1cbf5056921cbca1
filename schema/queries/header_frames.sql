-- The frames whose headers name an object: when they were taken, and their outlines.
-- $object_name  VARCHAR
SELECT frame_id, mjd_mid, corner_ra, corner_dec
FROM frame
WHERE object_name = $object_name::VARCHAR AND mjd_mid IS NOT NULL AND state = 'ok'
ORDER BY frame_id;
