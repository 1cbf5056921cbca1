-- What matching knows of an object's extent; the history of objects, their old ids and their neighbours.
ALTER TABLE object ADD COLUMN n_position INTEGER;
ALTER TABLE object ADD COLUMN grade TINYINT;
ALTER TABLE object ADD COLUMN spread_arcsec FLOAT;
ALTER TABLE object ADD COLUMN slack_arcsec FLOAT;
ALTER TABLE object ADD COLUMN reach_arcsec FLOAT;
ALTER TABLE object ADD COLUMN drift_arcsec FLOAT;
ALTER TABLE object ADD COLUMN is_contested BOOLEAN;
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
CREATE TABLE object_alias (
  old_id BIGINT NOT NULL,
  object_id BIGINT,
  run_id INTEGER NOT NULL
);
CREATE TABLE object_relation (
  object_id BIGINT NOT NULL,
  other_id BIGINT NOT NULL,
  kind VARCHAR NOT NULL,
  separation_arcsec DOUBLE NOT NULL,
  n_frame INTEGER,
  run_id INTEGER NOT NULL
);
