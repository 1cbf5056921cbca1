-- No detections of a night: what is stored is matched anew.
CREATE OR REPLACE TEMP TABLE loose (
  rid BIGINT,
  frame_id INTEGER,
  ux DOUBLE,
  uy DOUBLE,
  uz DOUBLE,
  reach DOUBLE,
  grade TINYINT,
  year DOUBLE
);
