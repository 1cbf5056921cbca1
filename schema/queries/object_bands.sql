-- How many detections an object has in each band.
-- $object_id  BIGINT
SELECT f.band, count(*) AS n_points
FROM detection AS d
JOIN frame AS f ON f.frame_id = d.frame_id
WHERE d.object_id = $object_id::BIGINT
GROUP BY f.band
ORDER BY f.band;
