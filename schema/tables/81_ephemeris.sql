-- The path of a moving target: one row a date.
CREATE TABLE ephemeris (
  target_id INTEGER NOT NULL,
  mjd DOUBLE NOT NULL,
  ra DOUBLE NOT NULL,
  dec DOUBLE NOT NULL,
  ra_rate DOUBLE,
  dec_rate DOUBLE,
  sigma_arcsec DOUBLE,
  source VARCHAR NOT NULL,
  r_au DOUBLE,
  delta_au DOUBLE,
  phase_deg DOUBLE,
  v_mag DOUBLE,
  site VARCHAR
);
COMMENT ON TABLE ephemeris IS 'where a moving target is at a date; sorted by target and date';
COMMENT ON COLUMN ephemeris.target_id IS 'the target';
COMMENT ON COLUMN ephemeris.mjd IS 'd; MJD UTC';
COMMENT ON COLUMN ephemeris.ra IS 'deg; ICRS, astrometric, as the observatory sees it';
COMMENT ON COLUMN ephemeris.dec IS 'deg; ICRS, astrometric, as the observatory sees it';
COMMENT ON COLUMN ephemeris.ra_rate IS 'arcsec/h; motion to the east, with cos(dec)';
COMMENT ON COLUMN ephemeris.dec_rate IS 'arcsec/h; motion to the north';
COMMENT ON COLUMN ephemeris.sigma_arcsec IS 'arcsec; 1 sigma of the position; NULL: the file does not say';
COMMENT ON COLUMN ephemeris.source IS 'the file it was read from, and what wrote it';
COMMENT ON COLUMN ephemeris.r_au IS 'au; distance from the Sun';
COMMENT ON COLUMN ephemeris.delta_au IS 'au; distance from the observer';
COMMENT ON COLUMN ephemeris.phase_deg IS 'deg; angle between Sun and observer at the target';
COMMENT ON COLUMN ephemeris.v_mag IS 'mag; predicted';
COMMENT ON COLUMN ephemeris.site IS 'the site it was computed for; NULL: the file does not say, and it is used for every one';
