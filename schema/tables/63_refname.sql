-- What a star of a catalogue of variables is called, and how it varies.
CREATE TABLE refname (
  catalog VARCHAR NOT NULL,
  source_id BIGINT NOT NULL,
  name VARCHAR NOT NULL,
  kind VARCHAR,
  period DOUBLE,
  mag_max DOUBLE,
  mag_min DOUBLE
);
COMMENT ON TABLE refname IS 'what a star of a catalogue of variables is called, and how it varies';
COMMENT ON COLUMN refname.catalog IS 'vsx ...';
COMMENT ON COLUMN refname.source_id IS 'the star, as in refstar';
COMMENT ON COLUMN refname.name IS 'the catalogue''s name of it';
COMMENT ON COLUMN refname.kind IS 'type of variability, as the catalogue writes it';
COMMENT ON COLUMN refname.period IS 'd; NULL: unknown';
COMMENT ON COLUMN refname.mag_max IS 'mag at maximum, in whatever band the catalogue has';
COMMENT ON COLUMN refname.mag_min IS 'mag at minimum, in whatever band the catalogue has';
