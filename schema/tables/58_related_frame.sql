-- Frames whose close pairs were looked at.
CREATE TABLE related_frame (
  frame_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL
);
COMMENT ON TABLE related_frame IS 'frames in whose detections merged pairs were looked for';
COMMENT ON COLUMN related_frame.frame_id IS 'the frame';
COMMENT ON COLUMN related_frame.run_id IS 'the run that had measured it then: measured again, it is looked at again';
