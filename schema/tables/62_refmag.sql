-- One reference star's magnitude in one band.
CREATE TABLE refmag (
  catalog VARCHAR NOT NULL,
  source_id BIGINT NOT NULL,
  band VARCHAR NOT NULL,
  mag DOUBLE NOT NULL,
  mag_err DOUBLE,
  mag_system VARCHAR NOT NULL,
  is_good BOOLEAN NOT NULL
);
COMMENT ON TABLE refmag IS 'one reference star''s magnitude in one band';
COMMENT ON COLUMN refmag.catalog IS 'tycho2, gaiaxp ...';
COMMENT ON COLUMN refmag.source_id IS 'the star';
COMMENT ON COLUMN refmag.band IS 'our name of the passband';
COMMENT ON COLUMN refmag.mag IS 'mag in mag_system';
COMMENT ON COLUMN refmag.mag_err IS 'mag; 1 sigma; NULL: the catalogue gives none';
COMMENT ON COLUMN refmag.mag_system IS 'AB or Vega';
COMMENT ON COLUMN refmag.is_good IS 'passes the quality cut of its band';
