-- Light curve of one object in one aperture with every column, and corrected for the object's colour where that is asked.
-- $object_id         BIGINT
-- $aperture_id       INTEGER   0 = the primary aperture of each frame, -1 = auto, else the position in aper_flux
-- $band              VARCHAR   NULL: every band
-- $from_mjd          DOUBLE    NULL: from the first
-- $to_mjd            DOUBLE    NULL: to the last
-- $without           INTEGER   points with any of these flags are left out; 0: none is
-- $colour_corrected  BOOLEAN   magnitudes and mJy of the object's own colour, NULL where that is unknown
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
),
tint AS MATERIALIZED (
  SELECT colour_index, catalog, colour, colour_source
  FROM object_colours(CASE WHEN $colour_corrected::BOOLEAN THEN [$object_id::BIGINT] ELSE [] END)
),
calibrated AS (
  SELECT
    d.*,
    f.band,
    f.mjd_mid,
    f.jd_tdb + (f.bary_x * s.ux + f.bary_y * s.uy + f.bary_z * s.uz) AS bjd_tdb,
    zp_here(z, d.flux, d.x, d.y, f.width, f.height)
    + CASE WHEN $colour_corrected::BOOLEAN THEN colour_shift(z, t.colour) ELSE 0 END AS here,
    coalesce(z.mag_system, 'instrumental') AS mag_system,
    z.ab_offset,
    z.limit_mag,
    z.limit_3_mag,
    z.zp,
    z.zp_err,
    z.zp_sys,
    z.cal_id,
    f.airmass,
    f.fwhm_arcsec,
    t.colour,
    CASE WHEN $colour_corrected::BOOLEAN AND z.colour_term IS NOT NULL THEN coalesce(t.colour_source, 'unknown') END
      AS colour_source
  FROM measured AS d
  JOIN frame AS f ON f.frame_id = d.frame_id
  CROSS JOIN star AS s
  LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = $aperture_id::INTEGER
  LEFT JOIN tint AS t ON t.colour_index = z.colour AND t.catalog IS NOT DISTINCT FROM z.catalog
  WHERE ($band::VARCHAR IS NULL OR f.band = $band::VARCHAR)
    AND ($from_mjd::DOUBLE IS NULL OR f.mjd_mid >= $from_mjd::DOUBLE)
    AND ($to_mjd::DOUBLE IS NULL OR f.mjd_mid < $to_mjd::DOUBLE)
),
scaled AS (
  SELECT *, flux_to_mjy(1, here, mag_system, ab_offset) AS mjy
  FROM calibrated
)
SELECT
  object_id,
  frame_id,
  band,
  mjd_mid,
  bjd_tdb,
  flux_to_mag(flux, here) AS mag,
  mag_error(flux, flux_err) AS mag_err,
  mag_system,
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
  y,
  cal_id,
  zp_sys,
  sqrt(mag_error(flux, flux_err) ** 2 + coalesce(zp_err, 0) ** 2 + coalesce(zp_sys, 0) ** 2) AS mag_err_total,
  limit_3_mag,
  colour,
  colour_source
FROM scaled
ORDER BY mjd_mid, band, frame_id;
