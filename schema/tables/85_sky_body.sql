-- One body of the solar system in a field at a date, as SkyBoT answered.
CREATE TABLE sky_body (
  query_id INTEGER NOT NULL,
  number VARCHAR,
  name VARCHAR NOT NULL,
  kind VARCHAR,
  ra DOUBLE NOT NULL,
  dec DOUBLE NOT NULL,
  ra_rate DOUBLE,
  dec_rate DOUBLE,
  v_mag DOUBLE,
  sigma_arcsec DOUBLE,
  r_au DOUBLE,
  delta_au DOUBLE,
  phase_deg DOUBLE
);
COMMENT ON TABLE sky_body IS 'what SkyBoT knows of a field at a date; sorted by question';
COMMENT ON COLUMN sky_body.query_id IS 'the question it answers';
COMMENT ON COLUMN sky_body.number IS 'of the body; NULL: it has none';
COMMENT ON COLUMN sky_body.name IS 'or designation';
COMMENT ON COLUMN sky_body.kind IS 'class of the body, in SkyBoT''s words';
COMMENT ON COLUMN sky_body.ra IS 'deg; ICRS, astrometric, at the date of the question';
COMMENT ON COLUMN sky_body.dec IS 'deg; ICRS, astrometric, at the date of the question';
COMMENT ON COLUMN sky_body.ra_rate IS 'arcsec/h; with cos(dec)';
COMMENT ON COLUMN sky_body.dec_rate IS 'arcsec/h';
COMMENT ON COLUMN sky_body.v_mag IS 'mag; predicted';
COMMENT ON COLUMN sky_body.sigma_arcsec IS 'arcsec; error of the position';
COMMENT ON COLUMN sky_body.r_au IS 'au; from the Sun';
COMMENT ON COLUMN sky_body.delta_au IS 'au; from the observer';
COMMENT ON COLUMN sky_body.phase_deg IS 'deg; phase angle';
