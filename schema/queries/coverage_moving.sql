-- Every frame that saw a moving target at its time or may have seen it, oldest first, as the query coverage has them: the frame's
-- own place of the target is the one that counts.
-- $path       VARCHAR  JSON: where it was in each frame: [{"frame_id": 1, "ra": 124.758, "dec": 25.348}, ...]; deg
-- $object_id  BIGINT   the object of its detections; NULL: none
-- $target_id  INTEGER  the target
-- $sigma      DOUBLE   a forced flux below so many times its noise is a limit
WITH path AS MATERIALIZED (
  SELECT unnest(
    from_json($path::VARCHAR, '[{"frame_id": "INTEGER", "ra": "DOUBLE", "dec": "DOUBLE"}]'), recursive := true
  )
),
listed AS MATERIALIZED (
  SELECT
    list(ra ORDER BY frame_id) AS ras, list(dec ORDER BY frame_id) AS decs, list(frame_id ORDER BY frame_id) AS frames,
    list($object_id::BIGINT) AS objects, list($target_id::INTEGER) AS targets
  FROM path
)
SELECT
  c.frame_id,
  parse_filename(c.path) AS file,
  c.night,
  c.band,
  c.mjd_mid,
  c.exptime_s,
  c.status,
  c.why,
  c.mag,
  c.mag_err,
  c.limit_mag,
  c.mag_system,
  c.airmass,
  c.fwhm_arcsec,
  c.flags,
  c.margin_arcsec,
  c.reason,
  p.ra AS predicted_ra,
  p.dec AS predicted_dec
FROM coverage(
  (SELECT ras FROM listed), (SELECT decs FROM listed), (SELECT objects FROM listed),
  targets := (SELECT targets FROM listed), sigma := $sigma::DOUBLE, frames := (SELECT frames FROM listed)
) AS c
JOIN path AS p ON p.frame_id = c.frame_id
ORDER BY c.mjd_mid NULLS LAST, c.frame_id;
