-- Write the gathered detections of a partition as one sorted run.
-- needs compact_rows, as compact_gather makes it
INSERT INTO detection_cold
FROM compact_rows
ORDER BY skey, frame_id;
