-- Upper limits of places in the frames that saw them, did not detect their star and have no forced point of it, in the columns
-- of lightcurve_targets: that of the frame.
--
-- A moving target has no limits: it has no one place. A frame in which the place was masked, at the edge or blended with a
-- neighbour gives none: nothing would have been seen.
--
-- $asked     VARCHAR   JSON: [{"place": 1, "target": "AG Peg", "object_id": 123, "target_id": 4, "ra": 41.5, "dec": -30.2}, ...]; deg
-- $band      VARCHAR   NULL: every band
-- $from_mjd  DOUBLE    NULL: from the first
-- $to_mjd    DOUBLE    NULL: to the last
WITH asked AS MATERIALIZED (
  SELECT *, row_number() OVER (ORDER BY place) AS i
  FROM (
    SELECT unnest(
      from_json(
        $asked::VARCHAR,
        '[{"place": "INTEGER", "target": "VARCHAR", "object_id": "BIGINT", "target_id": "INTEGER", "ra": "DOUBLE", "dec": "DOUBLE"}]'
      ),
      recursive := true
    )
  )
  WHERE (object_id IS NULL OR object_id NOT IN (SELECT object_id FROM object WHERE kind = 'moving'))
    AND (target_id IS NULL OR target_id NOT IN (SELECT target_id FROM target_kind WHERE kind = 'moving'))
),
listed AS MATERIALIZED (
  SELECT list(ra ORDER BY i) AS ras, list(dec ORDER BY i) AS decs, list(object_id ORDER BY i) AS objects,
    list(target_id ORDER BY i) AS targets
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
  targets := (SELECT targets FROM listed)
) AS c
JOIN asked AS a ON a.i = c.i
WHERE c.status = 'not detected'
  AND c.why IN ('too faint', 'missed')
  AND ($band::VARCHAR IS NULL OR c.band = $band::VARCHAR)
  AND ($from_mjd::DOUBLE IS NULL OR c.mjd_mid >= $from_mjd::DOUBLE)
  AND ($to_mjd::DOUBLE IS NULL OR c.mjd_mid < $to_mjd::DOUBLE)
ORDER BY a.place, c.mjd_mid, c.band, c.frame_id;
