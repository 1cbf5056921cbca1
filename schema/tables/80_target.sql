-- A position somebody asked for.
CREATE TABLE target (
  target_id INTEGER NOT NULL,
  name VARCHAR NOT NULL,
  ra DOUBLE NOT NULL,
  dec DOUBLE NOT NULL,
  epoch DOUBLE NOT NULL,
  pm_ra DOUBLE,
  pm_dec DOUBLE,
  added TIMESTAMP NOT NULL,
  a_arcsec DOUBLE,
  b_arcsec DOUBLE,
  pa_deg DOUBLE,
  offset_ra DOUBLE,
  offset_dec DOUBLE,
  designation VARCHAR,
  source VARCHAR,
  methods VARCHAR[],
  object_id BIGINT
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
COMMENT ON COLUMN target.a_arcsec IS 'arcsec; semi-major axis of the ellipse to measure in; NULL: none';
COMMENT ON COLUMN target.b_arcsec IS 'arcsec; semi-minor axis';
COMMENT ON COLUMN target.pa_deg IS 'deg; position angle of the major axis, from north through east';
COMMENT ON COLUMN target.offset_ra IS 'arcsec; measured so far to the east of the position or path, with cos(dec)';
COMMENT ON COLUMN target.offset_dec IS 'arcsec; to the north';
COMMENT ON COLUMN target.designation IS 'what JPL Horizons was asked for';
COMMENT ON COLUMN target.source IS 'where the position is from';
COMMENT ON COLUMN target.methods IS 'what new frames are measured with: primary, apertures as 5arcsec or 2fwhm, ellipse, psf; NULL: primary';
COMMENT ON COLUMN target.object_id IS 'the object at the place of a target that stands still; NULL: none';
