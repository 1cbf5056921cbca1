-- One source in one frame, compacted: sorted by skey within each partition, in whole numbers that compress.
-- The view detection shows it as detection_hot has it; docs/concepts/store.md says what the codes are.
CREATE TABLE detection_cold (
  skey BIGINT NOT NULL,
  object_id BIGINT,
  frame_id INTEGER NOT NULL,
  ra BIGINT,
  dec BIGINT,
  x BIGINT NOT NULL,
  y BIGINT NOT NULL,
  flux FLOAT,
  flux_err INTEGER,
  flux_auto BIGINT,
  flux_auto_err INTEGER,
  aper_flux BIGINT[],
  aper_flux_err INTEGER[],
  sky INTEGER,
  peak INTEGER,
  a INTEGER,
  b INTEGER,
  theta BIGINT,
  fwhm INTEGER,
  kron_radius INTEGER,
  flux_radius INTEGER,
  class_star BIGINT,
  flags INTEGER NOT NULL,
  flux_psf FLOAT,
  flux_psf_err INTEGER
);
COMMENT ON TABLE detection_cold IS 'one source in one frame, compacted: sorted by skey and frame in each partition of hpx_partition; ask the view detection, which decodes it';
COMMENT ON COLUMN detection_cold.skey IS 'sort key: object_id, or the order-29 cell where there is no object';
COMMENT ON COLUMN detection_cold.object_id IS 'the object; NULL: none (a frame without WCS)';
COMMENT ON COLUMN detection_cold.frame_id IS 'the frame';
COMMENT ON COLUMN detection_cold.ra IS '1e-7 deg; ICRS, as measured: encode_step, any position is in range';
COMMENT ON COLUMN detection_cold.dec IS '1e-7 deg; ICRS, as measured: encode_step, any position is in range';
COMMENT ON COLUMN detection_cold.x IS '0.001 px; 0-based, pixel centre at an integer: encode_step, up to 1e12 px';
COMMENT ON COLUMN detection_cold.y IS '0.001 px; 0-based, pixel centre at an integer: encode_step, up to 1e12 px';
COMMENT ON COLUMN detection_cold.flux IS 'ADU/s; primary aperture, not encoded';
COMMENT ON COLUMN detection_cold.flux_err IS '1 sigma of flux: encode_log, 256 steps (0.2 per cent); every FLOAT is in range';
COMMENT ON COLUMN detection_cold.flux_auto IS '1/64 of flux_auto_err; Kron aperture: encode_flux; every FLOAT is in range';
COMMENT ON COLUMN detection_cold.flux_auto_err IS '1 sigma: encode_log, 256 steps';
COMMENT ON COLUMN detection_cold.aper_flux IS '1/64 of aper_flux_err; aperture i of table aperture: encode_flux; NULL: not measured';
COMMENT ON COLUMN detection_cold.aper_flux_err IS '1 sigma: encode_log, 256 steps';
COMMENT ON COLUMN detection_cold.sky IS 'local background: encode_log, 4096 steps (0.012 per cent)';
COMMENT ON COLUMN detection_cold.peak IS 'brightest pixel above the background: encode_log, 4096 steps (0.012 per cent)';
COMMENT ON COLUMN detection_cold.a IS 'rms along the major axis: encode_log, 2048 steps (0.024 per cent)';
COMMENT ON COLUMN detection_cold.b IS 'rms along the minor axis: encode_log, 2048 steps (0.024 per cent)';
COMMENT ON COLUMN detection_cold.theta IS '0.001 rad; major axis: encode_step';
COMMENT ON COLUMN detection_cold.fwhm IS 'full width at half maximum: encode_log, 2048 steps (0.024 per cent)';
COMMENT ON COLUMN detection_cold.kron_radius IS 'Kron radius in units of a and b: encode_log, 2048 steps (0.024 per cent)';
COMMENT ON COLUMN detection_cold.flux_radius IS 'radius that holds half of the auto flux: encode_log, 2048 steps (0.024 per cent)';
COMMENT ON COLUMN detection_cold.class_star IS '0.001; 0 extended ... 1 like the stars of the frame: encode_step';
COMMENT ON COLUMN detection_cold.flags IS 'bits of the flag table (docs/reference/flags.md)';
COMMENT ON COLUMN detection_cold.flux_psf IS 'ADU/s; as it was measured';
COMMENT ON COLUMN detection_cold.flux_psf_err IS '1 sigma: encode_log, 256 steps';
