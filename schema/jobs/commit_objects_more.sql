-- Add to the counts of objects whose places do not count: of moving targets.
-- needs given_counts(object_id, n)
UPDATE object
SET n_detections = n_detections + g.n
FROM given_counts AS g
WHERE object.object_id = g.object_id;
