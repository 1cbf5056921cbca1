-- Upper limits of places in the frames that saw them, did not detect their star and have no forced point of it, in the columns
-- of lightcurve_targets: that of the frame.
--
-- A moving target has the limits of where it was in each frame (photdb.asking.moving). A frame in which the place was masked, at the edge or blended with a
-- neighbour gives none: nothing would have been seen.
--
-- $asked     VARCHAR   JSON: [{"place": 1, "target": "AG Peg", "object_id": 123, "target_id": 4, "ra": 41.5, "dec": -30.2}, ...]; deg
-- $on_path   VARCHAR   JSON: of those that move: [{"place": 2, "target_id": 5, "frame_id": 1, "ra": 41.5, "dec": -30.2}, ...]; deg
-- $band      VARCHAR   NULL: every band
-- $from_mjd  DOUBLE    NULL: from the first
-- $to_mjd    DOUBLE    NULL: to the last
WITH given AS MATERIALIZED (
  SELECT unnest(
    from_json(
      $asked::VARCHAR,
      '[{"place": "INTEGER", "target": "VARCHAR", "object_id": "BIGINT", "target_id": "INTEGER", "ra": "DOUBLE", "dec": "DOUBLE"}]'
    ),
    recursive := true
  )
),
on_path AS MATERIALIZED (
  SELECT unnest(
    from_json(
      $on_path::VARCHAR,
      '[{"place": "INTEGER", "target_id": "INTEGER", "frame_id": "INTEGER", "ra": "DOUBLE", "dec": "DOUBLE"}]'
    ),
    recursive := true
  )
),
asked AS MATERIALIZED (
  SELECT *, row_number() OVER (ORDER BY place, only_frame) AS i
  FROM (
    SELECT place, target, object_id, target_id, NULL::INTEGER AS only_frame, ra, dec
    FROM given
    WHERE (object_id IS NULL OR object_id NOT IN (SELECT object_id FROM object WHERE kind = 'moving'))
      AND (target_id IS NULL OR target_id NOT IN (SELECT target_id FROM target_kind WHERE kind = 'moving'))
    UNION ALL
    SELECT g.place, g.target, g.object_id, p.target_id, p.frame_id, p.ra, p.dec
    FROM on_path AS p
    JOIN given AS g ON g.place = p.place
  )
),
listed AS MATERIALIZED (
  SELECT list(ra ORDER BY i) AS ras, list(dec ORDER BY i) AS decs, list(object_id ORDER BY i) AS objects,
    list(target_id ORDER BY i) AS targets, list(only_frame ORDER BY i) AS frames
  FROM asked
)
SELECT
  a.target,
  a.place,
  c.object_id,
  c.frame_id,
  c.band,
  c.mjd_mid,
  c.bjd_tdb,
  NULL::DOUBLE AS mag,
  NULL::DOUBLE AS mag_err,
  c.mag_system,
  NULL::DOUBLE AS flux_mjy,
  NULL::DOUBLE AS flux_mjy_err,
  NULL::FLOAT AS flux,
  NULL::FLOAT AS flux_err,
  c.limit_mag,
  c.zp,
  c.zp_err,
  0 AS aperture_id,
  'limit' AS kind,
  0 AS flags,
  c.airmass,
  c.fwhm_arcsec,
  NULL::FLOAT AS sky,
  NULL::FLOAT AS x,
  NULL::FLOAT AS y,
  c.cal_id,
  c.zp_sys,
  NULL::DOUBLE AS mag_err_total,
  c.limit_3_mag,
  NULL::INTEGER AS target_id,
  NULL::VARCHAR AS method,
  NULL::FLOAT AS noise,
  NULL::FLOAT AS noise_empty,
  true AS is_limit,
  NULL::DOUBLE AS colour,
  NULL::VARCHAR AS colour_source
FROM coverage(
  (SELECT ras FROM listed), (SELECT decs FROM listed), (SELECT objects FROM listed),
  targets := (SELECT targets FROM listed), frames := (SELECT frames FROM listed)
) AS c
JOIN asked AS a ON a.i = c.i
WHERE c.status = 'not detected'
  AND c.why IN ('too faint', 'missed')
  AND ($band::VARCHAR IS NULL OR c.band = $band::VARCHAR)
  AND ($from_mjd::DOUBLE IS NULL OR c.mjd_mid >= $from_mjd::DOUBLE)
  AND ($to_mjd::DOUBLE IS NULL OR c.mjd_mid < $to_mjd::DOUBLE)
ORDER BY a.place, c.mjd_mid, c.band, c.frame_id;
