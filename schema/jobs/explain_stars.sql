-- The candidates of zp_pair that are of the catalogue, band and path of their frame's zero point: where they are, what the
-- selection made of them, and what the fit says of them. u, v: -1 to 1 over the frame; residual: m_ref - m_inst - zp.
SELECT
  p.frame_id, CASE WHEN p.catalog IS NOT NULL THEN p.mag ELSE flux_to_mag(d.flux, z.zp) END AS mag, p.mag_err, p.colour, p.cut, p.is_held,
  2.0 * d.x / (z.width - 1) - 1 AS u, 2.0 * d.y / (z.height - 1) - 1 AS v,
  d.fwhm * z.pixel_scale_arcsec AS fwhm_arcsec,
  CASE WHEN d.flux > 0 THEN p.mag + 2.5 * log10(d.flux::DOUBLE) END AS zp,
  mag_error(d.flux, d.flux_err) AS inst_err,
  CASE WHEN d.flux > 0 THEN p.mag + 2.5 * log10(d.flux::DOUBLE) - z.zp END AS residual,
  CASE WHEN z.colour_term IS NULL THEN 0.0 ELSE z.colour_term * (p.colour - z.colour_pivot) END AS by_colour,
  CASE
    WHEN z.mag_term IS NULL OR NOT d.flux > 0 THEN 0.0
    ELSE z.mag_term * (z.zp - 2.5 * log10(d.flux::DOUBLE) - z.mag_pivot)
  END AS by_mag,
  zp_at(z.zp_map, d.x, d.y, z.width, z.height) AS by_place
FROM zp_pair AS p
JOIN explain_frame AS z
  ON z.frame_id = p.frame_id AND z.catalog IS NOT DISTINCT FROM p.catalog AND z.ref_band IS NOT DISTINCT FROM p.band
  AND z.ref_path IS NOT DISTINCT FROM p.path
JOIN detection AS d ON d.frame_id = p.frame_id AND d.object_id = p.object_id
ORDER BY p.frame_id, p.source_id;
