-- One master frame: combined calibration frames, or the fixed pattern of a detector.
CREATE TABLE master (
  master_id INTEGER NOT NULL,
  kind VARCHAR NOT NULL,
  detector VARCHAR NOT NULL,
  binning VARCHAR NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  exptime_s DOUBLE,
  filter VARCHAR,
  night DATE,
  path VARCHAR NOT NULL,
  sha256 VARCHAR NOT NULL,
  n_inputs INTEGER NOT NULL,
  made_of VARCHAR NOT NULL,
  settings VARCHAR NOT NULL,
  run_id INTEGER NOT NULL
);
COMMENT ON TABLE master IS 'one master frame kept beside the store';
COMMENT ON COLUMN master.master_id IS 'counted from 1';
COMMENT ON COLUMN master.kind IS 'bias, dark, flat or pattern';
COMMENT ON COLUMN master.detector IS 'telescope, camera and chip it belongs to';
COMMENT ON COLUMN master.binning IS 'as 1x1';
COMMENT ON COLUMN master.width IS 'px, after trimming';
COMMENT ON COLUMN master.height IS 'px, after trimming';
COMMENT ON COLUMN master.exptime_s IS 's; of darks and patterns';
COMMENT ON COLUMN master.filter IS 'header word of the filter; of flats';
COMMENT ON COLUMN master.night IS 'date of the evening at the site';
COMMENT ON COLUMN master.path IS 'file name inside <store>.files/masters';
COMMENT ON COLUMN master.sha256 IS 'of its content';
COMMENT ON COLUMN master.n_inputs IS 'frames combined';
COMMENT ON COLUMN master.made_of IS 'digest of the frames that were offered for it: it is not made twice';
COMMENT ON COLUMN master.settings IS 'how it was combined, as JSON';
COMMENT ON COLUMN master.run_id IS 'the run that made it';
