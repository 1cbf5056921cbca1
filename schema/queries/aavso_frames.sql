-- How frames were calibrated, as far as an observer reports it.
-- $frames  INTEGER[]
SELECT f.frame_id, f.band, f.calibrate_as, f.exptime_s, f.telescope, z.ref_band, z.catalog, z.n_star, z.mag_system
FROM frame AS f
LEFT JOIN zeropoint_active AS z ON z.frame_id = f.frame_id AND z.aperture_id = 0
WHERE f.frame_id IN (SELECT unnest($frames::INTEGER[]))
ORDER BY f.frame_id;
