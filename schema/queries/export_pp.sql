-- Light-curve points with what PP's photometry_<target>.dat has of them, by object and time.
-- $objects  BIGINT[]   of these objects; NULL: of every one
-- $band     VARCHAR    NULL: every band
SELECT
  d.object_id,
  parse_filename(f.path) AS filename,
  f.mjd_mid + 2400000.5 AS julian_date,
  flux_to_mag(d.flux * f.exptime_s, zp_here(z, d.flux, d.x, d.y, f.width, f.height) + 2.5 * log10(f.exptime_s)) AS mag,
  d.ra AS source_ra,
  d.dec AS source_dec,
  o.ra AS object_ra,
  o.dec AS object_dec,
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
  d.fwhm * f.pixel_scale_arcsec AS fwhm_arcsec
FROM detection AS d
JOIN frame AS f ON f.frame_id = d.frame_id
JOIN object AS o ON o.object_id = d.object_id
LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0
WHERE ($objects::BIGINT[] IS NULL OR d.object_id IN (SELECT unnest($objects::BIGINT[])))
  AND ($band::VARCHAR IS NULL OR f.band = $band::VARCHAR)
ORDER BY d.object_id, f.mjd_mid, d.frame_id;
