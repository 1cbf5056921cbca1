-- Detections of older nights, compacted; the key ranges they are compacted in.
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
  flags INTEGER NOT NULL
);
CREATE TABLE hpx_partition (
  norder TINYINT NOT NULL,
  npix BIGINT NOT NULL,
  key_lo BIGINT NOT NULL,
  key_hi BIGINT NOT NULL,
  n_rows BIGINT NOT NULL,
  n_runs INTEGER NOT NULL,
  compacted_at TIMESTAMP
);
