-- Which calibration a frame uses now.
CREATE TABLE frame_calibration (
  frame_id INTEGER NOT NULL,
  cal_id INTEGER NOT NULL
);
COMMENT ON TABLE frame_calibration IS 'which calibration a frame uses now; one row a frame';
COMMENT ON COLUMN frame_calibration.frame_id IS 'the frame';
COMMENT ON COLUMN frame_calibration.cal_id IS 'the calibration';
