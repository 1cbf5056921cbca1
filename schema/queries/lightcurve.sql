-- Light curve of one object in the primary aperture, oldest first: detections, and forced points in frames without one.
-- $object_id    BIGINT
-- $band         VARCHAR   NULL: every band
-- $from_mjd     DOUBLE    NULL: from the first
-- $to_mjd       DOUBLE    NULL: to the last
-- $without      INTEGER   points with any of these flags are left out; 0: none is
WITH measured AS MATERIALIZED (
  SELECT frame_id, flux, flux_err, flags, sky, x, y, NULL::FLOAT AS noise
  FROM detection_point
  WHERE object_id = $object_id::BIGINT AND flags & $without::INTEGER = 0
  UNION ALL
  SELECT frame_id, flux, flux_err, flags, sky, x, y, coalesce(noise, 0)
  FROM forced
  WHERE object_id = $object_id::BIGINT AND flags & $without::INTEGER = 0
    AND reason IS NULL AND NOT is_detected AND aperture_id = 0
  QUALIFY row_number() OVER (PARTITION BY frame_id ORDER BY target_id, method DESC) = 1
),
-- What is mentioned more than once is computed in a step of its own: planning is most of the time.
placed AS (
  SELECT
    d.*,
    f.band,
    f.mjd_mid,
    f.jd_tdb + (f.bary_x * s.ux + f.bary_y * s.uy + f.bary_z * s.uz) AS bjd_tdb,
    f.airmass,
    f.fwhm_arcsec,
    2.0 * d.x / (f.width - 1) - 1 AS u,
    2.0 * d.y / (f.height - 1) - 1 AS v,
    z.mag_system,
    z.ab_offset,
    z.limit_mag,
    z.zp,
    z.zp_err,
    z.zp_map,
    z.mag_term,
    z.mag_pivot
  FROM measured AS d
  JOIN frame AS f ON f.frame_id = d.frame_id
  JOIN object AS s ON s.object_id = $object_id::BIGINT
  LEFT JOIN frame_calibration AS c ON c.frame_id = d.frame_id
  -- As the view zeropoint_active, which takes longer to plan. Without the list of frames duckdb takes the zero points of
  -- every frame of the store into a hash table: 25 ms more with 100 000 frames.
  LEFT JOIN (
    SELECT * FROM zeropoint WHERE aperture_id = 0 AND frame_id IN (SELECT frame_id FROM measured)
  ) AS z
    ON z.frame_id = c.frame_id AND z.cal_id = coalesce(getvariable('photdb_calibration')::INTEGER, c.cal_id)
  WHERE ($band::VARCHAR IS NULL OR f.band = $band::VARCHAR)
    AND ($from_mjd::DOUBLE IS NULL OR f.mjd_mid >= $from_mjd::DOUBLE)
    AND ($to_mjd::DOUBLE IS NULL OR f.mjd_mid < $to_mjd::DOUBLE)
),
spotted AS (
  SELECT *, zp_spot(zp, zp_map, u, v) AS spot, -2.5 * log10(CASE WHEN noise > 0 THEN 5.0 * noise END) AS faint
  FROM placed
),
local AS (
  SELECT
    *,
    zp_bent(spot, zp, mag_term, mag_pivot, flux) AS here,
    -- as zp_bent of the flux at the limit has it
    spot + faint + coalesce(mag_term * (zp + faint - mag_pivot), 0) AS own_limit
  FROM spotted
)
SELECT
  $object_id::BIGINT AS object_id,
  frame_id,
  band,
  mjd_mid,
  bjd_tdb,
  flux_to_mag(flux, here) AS mag,
  mag_error(flux, flux_err) AS mag_err,
  coalesce(mag_system, 'instrumental') AS mag_system,
  flux_to_mjy(flux, here, mag_system, ab_offset) AS flux_mjy,
  flux_to_mjy(flux_err, here, mag_system, ab_offset) AS flux_mjy_err,
  flux,
  flux_err,
  coalesce(own_limit, limit_mag) AS limit_mag,
  zp,
  zp_err,
  0 AS aperture_id,
  CASE WHEN noise IS NULL THEN 'detected' ELSE 'forced' END AS kind,
  flags,
  airmass,
  fwhm_arcsec,
  sky,
  x,
  y
FROM local
ORDER BY mjd_mid, band, frame_id;
