-- What this file is: the version of its schema and of the photdb that made it.
CREATE TABLE meta (
  key VARCHAR NOT NULL,
  value VARCHAR NOT NULL
);
COMMENT ON TABLE meta IS 'what this file is, one fact a row';
COMMENT ON COLUMN meta.key IS 'schema_version, created_at, definitions (of views and macros), or the highest number given up of a counted column, as retired_calibration_cal_id';
COMMENT ON COLUMN meta.value IS 'its value as text';
