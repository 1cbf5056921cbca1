-- The frame with the most detections that have no object yet, and how many there are in all.
SELECT frame_id, count(*) AS n, sum(count(*)) OVER () AS n_loose
FROM loose
GROUP BY frame_id
ORDER BY n DESC, frame_id
LIMIT 1;
