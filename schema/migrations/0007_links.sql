-- Errors of proper motions, when an object's links were last sought, and the paths of moving targets.
ALTER TABLE refstar ADD COLUMN pm_err DOUBLE;
ALTER TABLE object ADD COLUMN pm_err DOUBLE;
ALTER TABLE object ADD COLUMN linked_run_id INTEGER;
CREATE TABLE ephemeris (
  target_id INTEGER NOT NULL,
  mjd DOUBLE NOT NULL,
  ra DOUBLE NOT NULL,
  dec DOUBLE NOT NULL,
  ra_rate DOUBLE,
  dec_rate DOUBLE,
  sigma_arcsec DOUBLE,
  source VARCHAR NOT NULL
);
