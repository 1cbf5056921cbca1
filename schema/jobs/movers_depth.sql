-- The 90th percentile of the magnitudes of each frame, where its zero point is that of a standard system.
-- needs mover_detection
SELECT d.frame_id, quantile_cont(flux_to_mag(d.flux, z.zp), 0.9) AS mag
FROM mover_detection AS d
JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0
WHERE z.zp IS NOT NULL AND z.mag_system IN ('AB', 'Vega', 'tied') AND d.flux > 0
GROUP BY d.frame_id
ORDER BY d.frame_id;
