-- A position somebody asked for.
CREATE TABLE target (
  target_id INTEGER NOT NULL,
  name VARCHAR NOT NULL,
  ra DOUBLE NOT NULL,
  dec DOUBLE NOT NULL,
  epoch DOUBLE NOT NULL,
  pm_ra DOUBLE,
  pm_dec DOUBLE,
  added TIMESTAMP NOT NULL
);
COMMENT ON TABLE target IS 'a position somebody asked for';
COMMENT ON COLUMN target.target_id IS 'counted from 1';
COMMENT ON COLUMN target.name IS 'as given; found whatever its case and blanks';
COMMENT ON COLUMN target.ra IS 'deg; ICRS at epoch';
COMMENT ON COLUMN target.dec IS 'deg; ICRS at epoch';
COMMENT ON COLUMN target.epoch IS 'Julian year';
COMMENT ON COLUMN target.pm_ra IS 'mas/yr; with cos(dec)';
COMMENT ON COLUMN target.pm_dec IS 'mas/yr';
COMMENT ON COLUMN target.added IS 'UTC';
