-- Light curve of one object in one aperture, oldest first.
-- $object_id    BIGINT
-- $aperture_id  INTEGER   0 = the primary aperture of each frame, -1 = auto, else the position in aper_flux
-- $band         VARCHAR   NULL: every band
-- $from_mjd     DOUBLE    NULL: from the first
-- $to_mjd       DOUBLE    NULL: to the last
-- $without      INTEGER   points with any of these flags are left out; 0: none is
WITH measured AS MATERIALIZED (
  SELECT
    object_id,
    frame_id,
    CASE $aperture_id::INTEGER WHEN 0 THEN flux WHEN -1 THEN flux_auto ELSE aper_flux[$aperture_id::INTEGER] END AS flux,
    CASE $aperture_id::INTEGER
      WHEN 0 THEN flux_err
      WHEN -1 THEN flux_auto_err
      ELSE aper_flux_err[$aperture_id::INTEGER]
    END AS flux_err,
    flags,
    sky,
    x,
    y
  FROM detection
  WHERE object_id = $object_id::BIGINT
    AND flags & $without::INTEGER = 0
),
star AS (
  SELECT ux, uy, uz
  FROM object
  WHERE object_id = $object_id::BIGINT
)
SELECT
  d.object_id,
  d.frame_id,
  f.band,
  f.mjd_mid,
  f.jd_tdb + (f.bary_x * s.ux + f.bary_y * s.uy + f.bary_z * s.uz) AS bjd_tdb,
  flux_to_mag(d.flux, zp_here(z, d.flux, d.x, d.y, f.width, f.height)) AS mag,
  mag_error(d.flux, d.flux_err) AS mag_err,
  coalesce(z.mag_system, 'instrumental') AS mag_system,
  flux_to_mjy(d.flux, zp_here(z, d.flux, d.x, d.y, f.width, f.height), z.mag_system, z.ab_offset) AS flux_mjy,
  flux_to_mjy(d.flux_err, zp_here(z, d.flux, d.x, d.y, f.width, f.height), z.mag_system, z.ab_offset) AS flux_mjy_err,
  d.flux,
  d.flux_err,
  z.limit_mag,
  z.zp,
  z.zp_err,
  $aperture_id::INTEGER AS aperture_id,
  'detected' AS kind,
  d.flags,
  f.airmass,
  f.fwhm_arcsec,
  d.sky,
  d.x,
  d.y
FROM measured AS d
JOIN frame AS f ON f.frame_id = d.frame_id
CROSS JOIN star AS s
LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = $aperture_id::INTEGER
WHERE ($band::VARCHAR IS NULL OR f.band = $band::VARCHAR)
  AND ($from_mjd::DOUBLE IS NULL OR f.mjd_mid >= $from_mjd::DOUBLE)
  AND ($to_mjd::DOUBLE IS NULL OR f.mjd_mid < $to_mjd::DOUBLE)
ORDER BY f.mjd_mid, f.band, d.frame_id;
