-- The history of frame_calibration.
CREATE TABLE activation (
  cal_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
  activated TIMESTAMP NOT NULL,
  n_frame INTEGER NOT NULL
);
COMMENT ON TABLE activation IS 'when frames were pointed at a calibration';
COMMENT ON COLUMN activation.cal_id IS 'the calibration';
COMMENT ON COLUMN activation.run_id IS 'the run that pointed them there';
COMMENT ON COLUMN activation.activated IS 'UTC';
COMMENT ON COLUMN activation.n_frame IS 'frames pointed';
