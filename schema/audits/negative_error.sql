-- Detections whose flux error is not positive.
SELECT frame_id, count(*) AS n_detection
FROM detection
WHERE flux_err <= 0 OR flux_psf_err <= 0
GROUP BY frame_id
ORDER BY frame_id;
