-- One thing that happened to an object: rows are only ever added.
CREATE TABLE object_event (
  event_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
  time TIMESTAMP NOT NULL,
  event VARCHAR NOT NULL,
  object_id BIGINT,
  other_id BIGINT,
  n_detections INTEGER NOT NULL,
  reason VARCHAR NOT NULL
);
COMMENT ON TABLE object_event IS 'what happened to objects after their birth; rows are only ever added';
COMMENT ON COLUMN object_event.event_id IS 'counted from 1';
COMMENT ON COLUMN object_event.run_id IS 'the run that did it';
COMMENT ON COLUMN object_event.time IS 'UTC';
COMMENT ON COLUMN object_event.event IS 'merge (other_id became part of object_id), split (object_id was born of other_id), reassign (detections went from other_id to object_id; NULL: no object), withdraw (object_id is no object any more)';
COMMENT ON COLUMN object_event.object_id IS 'the object it happened to';
COMMENT ON COLUMN object_event.other_id IS 'the other object of it';
COMMENT ON COLUMN object_event.n_detections IS 'detections that changed hands';
COMMENT ON COLUMN object_event.reason IS 'why, in words';
