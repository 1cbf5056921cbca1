-- Light-curve points with what PP's photometry_<target>.dat has of them, by object and time: detections, and forced fluxes of
-- the frames that have none.
-- $objects  BIGINT[]   of these objects; NULL: of every one
-- $targets  INTEGER[]  and of these targets without an object, whose forced fluxes are all there is
-- $band     VARCHAR    NULL: every band
-- $path     VARCHAR    JSON: [{"object_id": 1, "target_id": 7, "frame_id": 1, "ra": 124.7, "dec": 25.3, "rejected": "pos"}, ...] of moving
--                      targets; NULL: none
WITH path AS MATERIALIZED (
  SELECT unnest(
    from_json(
      coalesce($path::VARCHAR, '[]'),
      '[{"object_id": "BIGINT", "target_id": "INTEGER", "frame_id": "INTEGER", "ra": "DOUBLE", "dec": "DOUBLE", "rejected": "VARCHAR"}]'
    ),
    recursive := true
  )
),
point AS (
  SELECT object_id, NULL::INTEGER AS target_id, frame_id, ra, dec, x, y, flux, flux_err, flags, fwhm, 'APER' AS method
  FROM detection
  WHERE $objects::BIGINT[] IS NULL OR object_id IN (SELECT unnest($objects::BIGINT[]))
  UNION ALL
  SELECT
    coalesce(m.object_id, u.object_id), CASE WHEN coalesce(m.object_id, u.object_id) IS NULL THEN u.target_id END, u.frame_id, u.ra, u.dec, u.x, u.y, u.flux, u.flux_err, u.flags, NULL, 'FORCED'
  FROM forced AS u
  LEFT JOIN object AS m ON m.target_id = u.target_id AND m.kind = 'moving'
  WHERE (
      ($objects::BIGINT[] IS NULL AND coalesce(m.object_id, u.object_id) IS NOT NULL)
      OR coalesce(m.object_id, u.object_id) IN (SELECT unnest($objects::BIGINT[]))
      OR coalesce(m.object_id, u.object_id) IS NULL AND u.target_id IN (SELECT unnest($targets::INTEGER[]))
    )
    AND u.aperture_id = 0 AND NOT u.is_detected AND u.reason IS NULL
  -- a frame has one point, as in the light curve
  QUALIFY row_number() OVER (
    PARTITION BY coalesce(m.object_id, u.object_id), u.frame_id, CASE WHEN coalesce(m.object_id, u.object_id) IS NULL THEN u.target_id END
    ORDER BY u.target_id, u.method DESC
  ) = 1
)
SELECT
  d.object_id,
  parse_filename(f.path) AS filename,
  f.mjd_mid + 2400000.5 AS julian_date,
  flux_to_mag(d.flux * f.exptime_s, zp_here(z, d.flux, d.x, d.y, f.width, f.height) + 2.5 * log10(f.exptime_s)) AS mag,
  d.ra AS source_ra,
  d.dec AS source_dec,
  -- where a target that moves was expected; a star is where it is on average
  CASE WHEN o.kind = 'moving' THEN p.ra WHEN o.object_id IS NULL THEN coalesce(p.ra, d.ra) ELSE o.ra END AS object_ra,
  CASE WHEN o.kind = 'moving' THEN p.dec WHEN o.object_id IS NULL THEN coalesce(p.dec, d.dec) ELSE o.dec END AS object_dec,
  coalesce(t.offset_ra, 0) AS offset_ra,
  coalesce(t.offset_dec, 0) AS offset_dec,
  p.rejected,
  f.exptime_s,
  zp_here(z, d.flux, d.x, d.y, f.width, f.height) + 2.5 * log10(f.exptime_s) AS zp,
  sqrt(coalesce(z.zp_err, 0) ** 2 + coalesce(z.zp_sys, 0) ** 2) AS zp_sig,
  flux_to_mag(d.flux * f.exptime_s, 0) AS inst_mag,
  mag_error(d.flux, d.flux_err) AS in_sig,
  CASE
    WHEN coalesce(z.mag_system, 'instrumental') IN ('relative', 'instrumental') THEN coalesce(z.mag_system, 'instrumental')
    ELSE coalesce(z.catalog, 'manual_zp') || CASE WHEN z.ref_path IS NULL THEN '' ELSE '_transformed' END
  END AS catalog,
  CASE WHEN z.mag_system IN ('AB', 'Vega', 'tied') THEN coalesce(z.ref_band, f.band) ELSE '-' END AS band,
  d.flags,
  f.telescope,
  CASE d.method WHEN 'FORCED' THEN f.fwhm_arcsec ELSE d.fwhm * f.pixel_scale_arcsec END AS fwhm_arcsec,
  d.method,
  d.target_id
FROM point AS d
JOIN frame AS f ON f.frame_id = d.frame_id
LEFT JOIN object AS o ON o.object_id = d.object_id
LEFT JOIN target AS t ON t.target_id = coalesce(o.target_id, d.target_id)
LEFT JOIN path AS p
  ON p.frame_id = d.frame_id
  AND coalesce(-p.target_id, p.object_id) = coalesce(-d.target_id, d.object_id)
LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0
WHERE ($band::VARCHAR IS NULL OR f.band = $band::VARCHAR)
  AND coalesce(o.object_id, d.target_id) IS NOT NULL
ORDER BY d.object_id, f.mjd_mid, d.frame_id;
