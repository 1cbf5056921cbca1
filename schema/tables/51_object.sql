-- One star: what detections of the same source are associated to.
CREATE TABLE object (
  object_id BIGINT NOT NULL,
  name VARCHAR NOT NULL,
  hpx BIGINT NOT NULL,
  ra DOUBLE NOT NULL,
  dec DOUBLE NOT NULL,
  ux DOUBLE NOT NULL,
  uy DOUBLE NOT NULL,
  uz DOUBLE NOT NULL,
  epoch DOUBLE NOT NULL,
  pm_ra DOUBLE,
  pm_dec DOUBLE,
  ref_catalog VARCHAR,
  ref_source_id BIGINT,
  n_detections INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
  kind VARCHAR DEFAULT 'star',
  target_id INTEGER,
  vsx_name VARCHAR,
  ref_colour DOUBLE,
  ref_colour_index VARCHAR,
  n_position INTEGER,
  grade TINYINT,
  spread_arcsec FLOAT,
  slack_arcsec FLOAT,
  reach_arcsec FLOAT,
  drift_arcsec FLOAT,
  is_contested BOOLEAN,
  pm_err DOUBLE,
  linked_run_id INTEGER
);
COMMENT ON TABLE object IS 'one star; sorted by object_id, which is sorting by sky';
COMMENT ON COLUMN object.object_id IS 'a name after birth (born as an order-29 NESTED cell): never decode a position from it';
COMMENT ON COLUMN object.name IS 'Jhhmmss.ss+ddmmss.s of the position at birth';
COMMENT ON COLUMN object.hpx IS 'order-29 NESTED cell of the present position';
COMMENT ON COLUMN object.ra IS 'deg; ICRS, mean of the detections, at epoch';
COMMENT ON COLUMN object.dec IS 'deg; ICRS, mean of the detections, at epoch';
COMMENT ON COLUMN object.ux IS 'unit vector of (ra, dec), x';
COMMENT ON COLUMN object.uy IS 'unit vector of (ra, dec), y';
COMMENT ON COLUMN object.uz IS 'unit vector of (ra, dec), z';
COMMENT ON COLUMN object.epoch IS 'Julian year of (ra, dec)';
COMMENT ON COLUMN object.pm_ra IS 'mas/yr; proper motion with cos(dec), of the reference star';
COMMENT ON COLUMN object.pm_dec IS 'mas/yr; proper motion, of the reference star';
COMMENT ON COLUMN object.ref_catalog IS 'catalogue of the matched reference star';
COMMENT ON COLUMN object.ref_source_id IS 'its source_id';
COMMENT ON COLUMN object.n_detections IS 'detections of it';
COMMENT ON COLUMN object.run_id IS 'the run that made it';
COMMENT ON COLUMN object.kind IS 'star, or moving: the detections of a moving target, whose place is only that of its first one';
COMMENT ON COLUMN object.target_id IS 'the moving target; NULL: a star';
COMMENT ON COLUMN object.vsx_name IS 'name of the variable star in VSX at its place; NULL: none is known';
COMMENT ON COLUMN object.ref_colour IS 'mag; colour of the reference star, in ref_colour_index';
COMMENT ON COLUMN object.ref_colour_index IS 'the passbands of ref_colour, as g-i';
COMMENT ON COLUMN object.n_position IS 'detections that its position is the mean of';
COMMENT ON COLUMN object.grade IS 'which these are: 3 = whole and above the gate in signal to noise, 2 = whole (it has none of grade 3), 1 = cut or hit (nor of grade 2)';
COMMENT ON COLUMN object.spread_arcsec IS 'arcsec; none of its detections is farther from its position; NULL: not known';
COMMENT ON COLUMN object.slack_arcsec IS 'arcsec; each of its detections is at least so much nearer than its reach';
COMMENT ON COLUMN object.reach_arcsec IS 'arcsec; largest match radius of its frames';
COMMENT ON COLUMN object.drift_arcsec IS 'arcsec; how far at most its position went since its detections were last looked at one by one';
COMMENT ON COLUMN object.is_contested IS 'another object competes for its detections: they are matched anew as a set whenever one comes';
COMMENT ON COLUMN object.pm_err IS 'mas/yr; 1 sigma of the proper motion, the larger of its two components; NULL: unknown';
COMMENT ON COLUMN object.linked_run_id IS 'the last run there was when its reference star and its name were sought; NULL: never yet';
