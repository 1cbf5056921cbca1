-- Light curve of one object in the primary aperture, oldest first.
-- $object_id    BIGINT
-- $aperture_id  INTEGER   0
-- $band         VARCHAR   NULL: every band
-- $from_mjd     DOUBLE    NULL: from the first
-- $to_mjd       DOUBLE    NULL: to the last
-- $without      INTEGER   points with any of these flags are left out; 0: none is
WITH measured AS MATERIALIZED (
  SELECT frame_id, flux, flux_err, flags, sky, x, y
  FROM detection_point
  WHERE object_id = $object_id::BIGINT
    AND flags & $without::INTEGER = 0
),
star AS (
  SELECT ux, uy, uz
  FROM object
  WHERE object_id = $object_id::BIGINT
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
  CROSS JOIN star AS s
  LEFT JOIN frame_calibration AS c ON c.frame_id = d.frame_id
  -- as the view zeropoint_active, which takes longer to plan
  LEFT JOIN zeropoint AS z
    ON z.frame_id = c.frame_id AND z.aperture_id = $aperture_id::INTEGER
    AND z.cal_id = coalesce(getvariable('photdb_calibration')::INTEGER, c.cal_id)
  WHERE ($band::VARCHAR IS NULL OR f.band = $band::VARCHAR)
    AND ($from_mjd::DOUBLE IS NULL OR f.mjd_mid >= $from_mjd::DOUBLE)
    AND ($to_mjd::DOUBLE IS NULL OR f.mjd_mid < $to_mjd::DOUBLE)
),
local AS (
  SELECT *, zp_placed(zp, zp_map, mag_term, mag_pivot, flux, u, v) AS here
  FROM placed
),
scaled AS (
  SELECT *, flux_to_mjy(1, here, mag_system, ab_offset) AS mjy
  FROM local
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
  mjy * flux AS flux_mjy,
  mjy * flux_err AS flux_mjy_err,
  flux,
  flux_err,
  limit_mag,
  zp,
  zp_err,
  $aperture_id::INTEGER AS aperture_id,
  'detected' AS kind,
  flags,
  airmass,
  fwhm_arcsec,
  sky,
  x,
  y
FROM scaled
ORDER BY mjd_mid, band, frame_id;
