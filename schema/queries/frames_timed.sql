-- Every frame that says when it was exposed, whatever became of it.
SELECT frame_id, mjd_mid
FROM frame
WHERE mjd_mid IS NOT NULL
ORDER BY frame_id;
