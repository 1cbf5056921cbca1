-- Light-curve points by object and time, corrected for the objects' own colours: as export_lightcurve has them.
-- $objects  BIGINT[]   of these objects; NULL: of every one, and of targets without an object, whose colour is not known
-- $targets  INTEGER[]  and of these targets without an object, where objects are given
-- $band     VARCHAR    NULL: every band
WITH tint AS MATERIALIZED (SELECT * FROM object_colours($objects::BIGINT[])),
placed AS (
  SELECT
    d.object_id,
    d.target_id,
    d.frame_id,
    d.flux,
    d.flux_err,
    d.flags,
    d.sky,
    d.x,
    d.y,
    f.band,
    f.mjd_mid,
    f.jd_tdb + (
      f.bary_x * coalesce(o.ux, d.ux) + f.bary_y * coalesce(o.uy, d.uy) + f.bary_z * coalesce(o.uz, d.uz)
    ) AS bjd_tdb,
    d.kind,
    d.noise,
    2.0 * d.x / (f.width - 1) - 1 AS u,
    2.0 * d.y / (f.height - 1) - 1 AS v,
    colour_shift(z, t.colour) AS shift,
    z.zp_map,
    z.mag_term,
    z.mag_pivot,
    coalesce(z.mag_system, 'instrumental') AS mag_system,
    z.ab_offset,
    z.limit_mag,
    z.zp,
    z.zp_err,
    f.airmass,
    f.fwhm_arcsec,
    t.colour,
    CASE WHEN z.colour_term IS NOT NULL THEN coalesce(t.colour_source, 'unknown') END AS colour_source
  FROM curve_point AS d
  JOIN frame AS f ON f.frame_id = d.frame_id
  LEFT JOIN object AS o ON o.object_id = d.object_id
  LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0
  LEFT JOIN tint AS t
    ON t.object_id = d.object_id AND t.colour_index = z.colour AND t.catalog IS NOT DISTINCT FROM z.catalog
  WHERE (o.object_id IS NOT NULL OR d.object_id IS NULL AND d.target_id IS NOT NULL)
    AND (
      $objects::BIGINT[] IS NULL
      OR d.object_id IN (SELECT unnest($objects::BIGINT[]))
      OR d.object_id IS NULL AND d.target_id IN (SELECT unnest($targets::INTEGER[]))
    )
    AND ($band::VARCHAR IS NULL OR f.band = $band::VARCHAR)
),
spotted AS (
  SELECT *, zp_spot(zp, zp_map, u, v) AS spot, -2.5 * log10(CASE WHEN noise > 0 THEN 5.0 * noise END) AS faint
  FROM placed
),
local AS (
  SELECT
    *,
    zp_bent(spot, zp, mag_term, mag_pivot, flux) + shift AS here,
    -- a limit is of the pivot colour where the star's own is not known
    spot + faint + coalesce(mag_term * (zp + faint - mag_pivot), 0) + coalesce(shift, 0) AS own_limit
  FROM spotted
),
scaled AS (
  SELECT *, flux_to_mjy(1, here, mag_system, ab_offset) AS mjy
  FROM local
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
  coalesce(own_limit, limit_mag) AS limit_mag,
  zp,
  zp_err,
  0 AS aperture_id,
  kind,
  flags,
  airmass,
  fwhm_arcsec,
  sky,
  x,
  y,
  target_id,
  (SELECT t.name FROM target AS t WHERE t.target_id = scaled.target_id) AS target,
  colour,
  colour_source
FROM scaled
ORDER BY object_id, CASE WHEN object_id IS NULL THEN target_id END, mjd_mid, frame_id;
