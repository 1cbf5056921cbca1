-- How many pairs of the touched stars there are, and detections that hold the light of two.
SELECT
  (SELECT count(*) FROM rel_pair WHERE kind = 'neighbour' AND object_id < other_id) AS n_neighbour,
  (SELECT count(*) FROM rel_pair WHERE kind = 'blend' AND object_id < other_id) AS n_blend,
  (SELECT count(*) FROM (SELECT DISTINCT object_id, frame_id FROM rel_merged)) AS n_merged;
