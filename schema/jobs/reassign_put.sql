-- Append detections that changed hands, sorted; they are compacted again with their new neighbours.
-- needs reassigned
INSERT INTO detection_hot BY NAME
FROM reassigned
ORDER BY skey, frame_id;
