-- Take the detections of frames that are measured again from the counts of moving targets, whose places do not count.
-- $frame_ids  INTEGER[]
UPDATE object
SET n_detections = n_detections - g.n
FROM (
  SELECT object_id, count(*) AS n
  FROM detection
  WHERE object_id IN (SELECT object_id FROM object WHERE kind = 'moving')
    AND frame_id IN (SELECT unnest($frame_ids::INTEGER[]))
  GROUP BY object_id
) AS g
WHERE object.object_id = g.object_id;
