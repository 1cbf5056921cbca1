-- Detections with what ezphot's table needs of them, by frame; ZP of each aperture at their place, spatial and magnitude
-- term included (mag of 1 ADU/s), where the frame is calibrated.
-- $objects  BIGINT[]   of these objects; NULL: all
-- $band     VARCHAR    NULL: every band
WITH zero AS MATERIALIZED (
  SELECT
    frame_id,
    list({
      'aperture_id': aperture_id, 'zp': zp, 'zp_map': zp_map, 'mag_term': mag_term, 'mag_pivot': mag_pivot
    }) AS zeros
  FROM zeropoint_active
  WHERE mag_system IN ('AB', 'Vega', 'tied') AND zp IS NOT NULL AND aperture_id >= -1
  GROUP BY frame_id
)
SELECT
  d.frame_id, d.ra, d.dec, d.x, d.y, d.flux_auto, d.flux_auto_err, d.aper_flux, d.aper_flux_err, d.sky, d.peak, d.a, d.b,
  d.theta, d.fwhm, d.kron_radius, d.flux_radius, d.class_star, d.flags,
  list_transform(z.zeros, lambda q: {
    'aperture_id': q.aperture_id,
    'zp': zp_here(
      q,
      CASE q.aperture_id WHEN -1 THEN d.flux_auto WHEN 0 THEN d.flux ELSE d.aper_flux[q.aperture_id] END,
      d.x, d.y, f.width, f.height
    )
  }) AS zeros
FROM detection AS d
JOIN frame AS f ON f.frame_id = d.frame_id
LEFT JOIN zero AS z ON z.frame_id = d.frame_id
WHERE ($objects::BIGINT[] IS NULL OR d.object_id IN (SELECT unnest($objects::BIGINT[])))
  AND ($band::VARCHAR IS NULL OR f.band = $band::VARCHAR)
ORDER BY d.frame_id, d.y, d.x;
