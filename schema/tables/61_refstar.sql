-- One reference star.
CREATE TABLE refstar (
  catalog VARCHAR NOT NULL,
  source_id BIGINT NOT NULL,
  hpx BIGINT NOT NULL,
  ra DOUBLE NOT NULL,
  dec DOUBLE NOT NULL,
  epoch DOUBLE NOT NULL,
  pm_ra DOUBLE,
  pm_dec DOUBLE,
  is_good BOOLEAN NOT NULL,
  pm_err DOUBLE
);
COMMENT ON TABLE refstar IS 'one reference star, as its catalogue has it';
COMMENT ON COLUMN refstar.catalog IS 'tycho2, gaiaxp ...';
COMMENT ON COLUMN refstar.source_id IS 'the catalogue''s own number; where it has none, the order-29 cell';
COMMENT ON COLUMN refstar.hpx IS 'order-29 NESTED cell of (ra, dec)';
COMMENT ON COLUMN refstar.ra IS 'deg; ICRS at epoch';
COMMENT ON COLUMN refstar.dec IS 'deg; ICRS at epoch';
COMMENT ON COLUMN refstar.epoch IS 'Julian year of the position';
COMMENT ON COLUMN refstar.pm_ra IS 'mas/yr; with cos(dec); NULL: unknown';
COMMENT ON COLUMN refstar.pm_dec IS 'mas/yr; NULL: unknown';
COMMENT ON COLUMN refstar.is_good IS 'passes the quality cut of its catalogue file';
COMMENT ON COLUMN refstar.pm_err IS 'mas/yr; 1 sigma of the proper motion, the larger of its two components; NULL: unknown';
