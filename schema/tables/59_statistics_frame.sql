-- Which frames the statistics hold, and with which zero point.
CREATE TABLE statistics_frame (
  frame_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
  band VARCHAR,
  mag_system VARCHAR NOT NULL,
  detector VARCHAR,
  night DATE NOT NULL,
  cal_id INTEGER NOT NULL,
  zp DOUBLE NOT NULL,
  zp_err DOUBLE
);
COMMENT ON TABLE statistics_frame IS 'the frames whose points are in object_band, as they were when they were taken in';
COMMENT ON COLUMN statistics_frame.frame_id IS 'the frame';
COMMENT ON COLUMN statistics_frame.run_id IS 'the run that had measured it';
COMMENT ON COLUMN statistics_frame.band IS 'our name of the passband';
COMMENT ON COLUMN statistics_frame.mag_system IS 'AB, Vega, tied or relative';
COMMENT ON COLUMN statistics_frame.detector IS 'where magnitudes are relative; else NULL';
COMMENT ON COLUMN statistics_frame.night IS 'date of the evening; where none is known, the date of mid-exposure less half a day (UTC)';
COMMENT ON COLUMN statistics_frame.cal_id IS 'the calibration';
COMMENT ON COLUMN statistics_frame.zp IS 'mag; of 1 ADU/s';
COMMENT ON COLUMN statistics_frame.zp_err IS 'mag; random error of this zero point';
