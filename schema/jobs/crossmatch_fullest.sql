-- The frame with the most whole detections that have no object yet, and how many it has.
SELECT frame_id, count(*) FILTER (NOT is_cut) AS n
FROM loose
GROUP BY frame_id
ORDER BY n DESC, frame_id
LIMIT 1;
