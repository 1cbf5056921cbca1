-- One command that wrote to the store.
CREATE TABLE run (
  run_id INTEGER NOT NULL,
  command VARCHAR NOT NULL,
  parameters VARCHAR NOT NULL,
  version VARCHAR NOT NULL,
  started TIMESTAMP NOT NULL,
  finished TIMESTAMP,
  state VARCHAR NOT NULL,
  message VARCHAR
);
COMMENT ON TABLE run IS 'one command that wrote to the store';
COMMENT ON COLUMN run.run_id IS 'counted from 1';
COMMENT ON COLUMN run.command IS 'the command: ingest, refcat add, zeropoint ...';
COMMENT ON COLUMN run.parameters IS 'its parameters as JSON';
COMMENT ON COLUMN run.version IS 'photdb, duckdb, sep and astropy versions';
COMMENT ON COLUMN run.started IS 'UTC';
COMMENT ON COLUMN run.finished IS 'UTC; NULL while it runs, or when it was killed';
COMMENT ON COLUMN run.state IS 'running, done, failed or interrupted';
COMMENT ON COLUMN run.message IS 'what it did, in one line, or why it failed';
