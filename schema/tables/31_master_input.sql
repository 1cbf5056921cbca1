-- One file that went into a master frame.
CREATE TABLE master_input (
  master_id INTEGER NOT NULL,
  file_id INTEGER NOT NULL,
  hdu INTEGER NOT NULL
);
COMMENT ON TABLE master_input IS 'one file that went into a master frame';
COMMENT ON COLUMN master_input.master_id IS 'the master';
COMMENT ON COLUMN master_input.file_id IS 'the file';
COMMENT ON COLUMN master_input.hdu IS 'its image extension';
