-- A place of a target in one frame, as somebody measured it.
CREATE TABLE target_position (
  target_id INTEGER NOT NULL,
  frame_name VARCHAR NOT NULL,
  mjd DOUBLE,
  ra DOUBLE NOT NULL,
  dec DOUBLE NOT NULL
);
COMMENT ON TABLE target_position IS 'where a target is in one frame, from a file of positions';
COMMENT ON COLUMN target_position.target_id IS 'the target';
COMMENT ON COLUMN target_position.frame_name IS 'the frame as the file names it: the name of its file';
COMMENT ON COLUMN target_position.mjd IS 'd; MJD UTC as the file has it; NULL: it does not say';
COMMENT ON COLUMN target_position.ra IS 'deg; ICRS';
COMMENT ON COLUMN target_position.dec IS 'deg; ICRS';
