-- How well a calibration repeats, measured on stars that it did not use.
CREATE TABLE calibration_quality (
  cal_id INTEGER NOT NULL,
  detector VARCHAR,
  band VARCHAR,
  is_held BOOLEAN NOT NULL,
  n_frame INTEGER NOT NULL,
  n_star INTEGER NOT NULL,
  n_point INTEGER NOT NULL,
  repeatability DOUBLE,
  ref_offset DOUBLE,
  ref_scatter DOUBLE
);
COMMENT ON TABLE calibration_quality IS 'how well a calibration repeats and fits its catalogue, by detector and band';
COMMENT ON COLUMN calibration_quality.cal_id IS 'the calibration';
COMMENT ON COLUMN calibration_quality.detector IS 'telescope, camera and chip';
COMMENT ON COLUMN calibration_quality.band IS 'our name of the passband';
COMMENT ON COLUMN calibration_quality.is_held IS 'true: measured on stars kept back from the fit; false: there were too few to keep any back';
COMMENT ON COLUMN calibration_quality.n_frame IS 'frames';
COMMENT ON COLUMN calibration_quality.n_star IS 'stars';
COMMENT ON COLUMN calibration_quality.n_point IS 'measurements of these stars';
COMMENT ON COLUMN calibration_quality.repeatability IS 'mag; robust scatter of bright stars about their own means, over frames; NULL: no star in 3 frames';
COMMENT ON COLUMN calibration_quality.ref_offset IS 'mag; median of calibrated minus catalogue magnitude; NULL: no catalogue';
COMMENT ON COLUMN calibration_quality.ref_scatter IS 'mag; robust scatter of calibrated minus catalogue magnitude';
