-- Colour, magnitude, extinction and spatial terms beside the zero points; how well a calibration repeats.
ALTER TABLE calibration ADD COLUMN note VARCHAR;
ALTER TABLE zeropoint ADD COLUMN ref_path VARCHAR;
ALTER TABLE zeropoint ADD COLUMN colour_term_err DOUBLE;
ALTER TABLE zeropoint ADD COLUMN mag_pivot DOUBLE;
ALTER TABLE zeropoint ADD COLUMN mag_term DOUBLE;
ALTER TABLE zeropoint ADD COLUMN mag_term_err DOUBLE;
ALTER TABLE zeropoint ADD COLUMN extinction DOUBLE;
ALTER TABLE zeropoint ADD COLUMN extinction_err DOUBLE;
ALTER TABLE zeropoint ADD COLUMN zp_map DOUBLE[];
ALTER TABLE zeropoint ADD COLUMN limit_3_mag DOUBLE;
CREATE TABLE calibration_quality (
  cal_id INTEGER NOT NULL,
  detector VARCHAR,
  band VARCHAR,
  is_held BOOLEAN NOT NULL,
  n_frame INTEGER NOT NULL,
  n_star INTEGER NOT NULL,
  n_point INTEGER NOT NULL,
  repeatability DOUBLE,
  ref_offset DOUBLE,
  ref_scatter DOUBLE
);
