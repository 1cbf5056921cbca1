-- What a light curve is made of: every detection, and every forced flux in a primary aperture where there is no detection.
-- Where two targets, or a target and its object, were measured at the same place, a frame has one point: of the lower target.
CREATE OR REPLACE VIEW curve_point AS
SELECT
  object_id,
  frame_id,
  flux,
  flux_err,
  flags,
  sky,
  x,
  y,
  'detected' AS kind,
  NULL::FLOAT AS noise,
  NULL::INTEGER AS target_id,
  NULL::DOUBLE AS ux,
  NULL::DOUBLE AS uy,
  NULL::DOUBLE AS uz,
  0 AS aperture_id
FROM detection_point
UNION ALL
SELECT
  object_id,
  frame_id,
  flux,
  flux_err,
  flags,
  sky,
  x,
  y,
  'forced',
  coalesce(noise, 0),
  target_id,
  cos(radians(dec)) * cos(radians(ra)),
  cos(radians(dec)) * sin(radians(ra)),
  sin(radians(dec)),
  aperture_id
FROM forced
WHERE reason IS NULL AND NOT is_detected AND aperture_id = 0
QUALIFY row_number() OVER (
  PARTITION BY object_id, frame_id, CASE WHEN object_id IS NULL THEN target_id END
  ORDER BY target_id, method DESC
) = 1;
COMMENT ON VIEW curve_point IS 'what a light curve is made of: detections, and forced fluxes in the primary aperture of frames that have none';
