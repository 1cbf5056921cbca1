-- What a run of crossmatch did: objects now, objects born, ids out of use, detections that changed hands; those of none.
-- $run_id  INTEGER
SELECT
  (SELECT count(*) FROM object WHERE n_detections > 0),
  (SELECT count(*) FROM object WHERE run_id = $run_id),
  (SELECT count(*) FROM object_alias WHERE run_id = $run_id),
  (SELECT coalesce(sum(n_detections), 0)::BIGINT FROM object_event WHERE run_id = $run_id),
  (SELECT count(*) FROM detection WHERE object_id IS NULL AND ra IS NOT NULL);
