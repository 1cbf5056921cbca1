-- An id that an object once had: ids are never used again.
CREATE TABLE object_alias (
  old_id BIGINT NOT NULL,
  object_id BIGINT,
  run_id INTEGER NOT NULL
);
COMMENT ON TABLE object_alias IS 'ids that are no longer in use, and where they lead';
COMMENT ON COLUMN object_alias.old_id IS 'the id, as it may stand in a paper';
COMMENT ON COLUMN object_alias.object_id IS 'the object that has most of its detections now; NULL: withdrawn, none has';
COMMENT ON COLUMN object_alias.run_id IS 'the run that took it out of use';
