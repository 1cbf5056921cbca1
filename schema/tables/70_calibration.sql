-- One calibration run.
CREATE TABLE calibration (
  cal_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
  method VARCHAR NOT NULL,
  settings VARCHAR NOT NULL,
  created TIMESTAMP NOT NULL,
  note VARCHAR
);
COMMENT ON TABLE calibration IS 'one calibration run: a version of the zero points';
COMMENT ON COLUMN calibration.cal_id IS 'counted from 1; never used again when one is dropped';
COMMENT ON COLUMN calibration.run_id IS 'the run';
COMMENT ON COLUMN calibration.method IS 'catalogue, frame, pp, ubercal, manual, instrumental or imported (magnitudes of another program, kept)';
COMMENT ON COLUMN calibration.settings IS 'as JSON';
COMMENT ON COLUMN calibration.created IS 'UTC';
COMMENT ON COLUMN calibration.note IS 'what the run found, in a few words';
