-- Names of the stars of a catalogue of variables, with type, period and range.
CREATE TABLE refname (
  catalog VARCHAR NOT NULL,
  source_id BIGINT NOT NULL,
  name VARCHAR NOT NULL,
  kind VARCHAR,
  period DOUBLE,
  mag_max DOUBLE,
  mag_min DOUBLE
);
