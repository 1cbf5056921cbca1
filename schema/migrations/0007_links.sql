-- Errors of proper motions, when an object's links were last sought, the paths of moving targets, limits of blends.
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
ALTER TABLE object_relation ADD COLUMN fwhm_arcsec DOUBLE;
ALTER TABLE object_relation ADD COLUMN worst_fwhm_arcsec DOUBLE;
CREATE TABLE related_frame (
  frame_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL
);
