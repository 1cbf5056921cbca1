-- One HEALPix cell that a frame touches.
CREATE TABLE frame_cover (
  norder TINYINT NOT NULL,
  cell BIGINT NOT NULL,
  frame_id INTEGER NOT NULL
);
COMMENT ON TABLE frame_cover IS 'one HEALPix cell that a frame touches; find frames by equality on the cell, then by the exact outline';
COMMENT ON COLUMN frame_cover.norder IS 'HEALPix order: 10, or 7 for frames wider than 3 deg';
COMMENT ON COLUMN frame_cover.cell IS 'NESTED cell of that order';
COMMENT ON COLUMN frame_cover.frame_id IS 'the frame';
