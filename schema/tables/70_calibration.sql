-- One calibration run.
CREATE TABLE calibration (
  cal_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
  method VARCHAR NOT NULL,
  settings VARCHAR NOT NULL,
  created TIMESTAMP NOT NULL
);
COMMENT ON TABLE calibration IS 'one calibration run: a version of the zero points';
COMMENT ON COLUMN calibration.cal_id IS 'counted from 1';
COMMENT ON COLUMN calibration.run_id IS 'the run';
COMMENT ON COLUMN calibration.method IS 'median ...';
COMMENT ON COLUMN calibration.settings IS 'as JSON';
COMMENT ON COLUMN calibration.created IS 'UTC';
