-- How many nights there are among the detections that are not compacted: each is one sorted run.
SELECT count(DISTINCT (f.night, f.run_id))
FROM frame AS f
WHERE f.frame_id IN (SELECT DISTINCT frame_id FROM detection_hot);
