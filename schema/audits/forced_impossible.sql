-- Forced fluxes that cannot be: without error, noise or place, with a reason why there is none, outside the frame, not finite.
-- Parts of the error that are more than it, and shares that are none, are of these.
SELECT p.frame_id, p.target_id, p.object_id, p.aperture_id, p.method, p.flux, p.flux_err, p.noise, p.reason
FROM forced AS p
LEFT JOIN frame AS f ON f.frame_id = p.frame_id
WHERE (p.flux IS NULL) = (p.reason IS NULL)
  OR (
    p.flux IS NOT NULL AND (
      p.flux_err IS NULL OR p.noise IS NULL OR p.x IS NULL OR p.y IS NULL OR p.ra IS NULL OR p.dec IS NULL
      OR NOT (isfinite(p.flux) AND isfinite(p.flux_err) AND isfinite(p.noise) AND p.flux_err > 0 AND p.noise > 0)
      OR NOT (p.x BETWEEN -0.5 AND f.width - 0.5 AND p.y BETWEEN -0.5 AND f.height - 0.5)
      OR NOT (p.ra BETWEEN 0 AND 360 AND p.dec BETWEEN -90 AND 90)
      OR sqrt(p.err_source ** 2 + p.err_pixels ** 2 + p.err_background ** 2) > 1.01 * p.flux_err
    )
  )
  OR p.frac_edge NOT BETWEEN 0 AND 1
  OR p.frac_masked NOT BETWEEN 0 AND 1
  OR p.frac_saturated NOT BETWEEN 0 AND 1
  OR p.noise_empty < 0
  OR p.method NOT IN ('circle', 'ellipse', 'trail', 'psf');
