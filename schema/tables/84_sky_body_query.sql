-- One question to SkyBoT that was answered.
CREATE TABLE sky_body_query (
  query_id INTEGER NOT NULL,
  ra DOUBLE NOT NULL,
  dec DOUBLE NOT NULL,
  radius_deg DOUBLE NOT NULL,
  mjd DOUBLE NOT NULL,
  site VARCHAR NOT NULL,
  n_body INTEGER NOT NULL,
  asked TIMESTAMP NOT NULL
);
COMMENT ON TABLE sky_body_query IS 'one field and date that SkyBoT was asked about, and answered';
COMMENT ON COLUMN sky_body_query.query_id IS 'counted from 1';
COMMENT ON COLUMN sky_body_query.ra IS 'deg; ICRS, of the cone';
COMMENT ON COLUMN sky_body_query.dec IS 'deg; ICRS, of the cone';
COMMENT ON COLUMN sky_body_query.radius_deg IS 'deg; of the cone';
COMMENT ON COLUMN sky_body_query.mjd IS 'd; MJD UTC';
COMMENT ON COLUMN sky_body_query.site IS 'the observatory: its MPC code';
COMMENT ON COLUMN sky_body_query.n_body IS 'bodies in the answer; 0 is an answer too';
COMMENT ON COLUMN sky_body_query.asked IS 'UTC';
