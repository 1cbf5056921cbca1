-- What a light curve needs of every detection: the view detection with fewer columns, which is planned in half the time.
CREATE OR REPLACE VIEW detection_point AS
SELECT object_id, frame_id, flux, flux_err, flags, sky, x, y
FROM detection_hot
UNION ALL
SELECT
  object_id,
  frame_id,
  flux,
  decode_log(flux_err, 256e0)::FLOAT,
  flags,
  decode_log(sky, 4096e0)::FLOAT,
  decode_step(x, 1e3)::FLOAT,
  decode_step(y, 1e3)::FLOAT
FROM detection_cold;
COMMENT ON VIEW detection_point IS 'what a light curve needs of every detection: flux in the primary aperture, place and flags';
