-- The zero point of every frame in its primary aperture: in use, or of one calibration.
-- $cal_id  INTEGER  NULL: the one each frame uses now
SELECT
  f.frame_id, f.night, f.mjd_mid, f.band, f.airmass, z.zp, z.zp_err, z.zp_sys, z.zp_scatter, z.n_star, z.n_candidate,
  z.catalog, z.ref_band, z.mag_system, z.limit_mag, z.flag, z.reason, z.cal_id
FROM zeropoint AS z
JOIN frame AS f ON f.frame_id = z.frame_id
LEFT JOIN frame_calibration AS c ON c.frame_id = z.frame_id AND c.cal_id = z.cal_id
WHERE z.aperture_id = 0 AND CASE WHEN $cal_id IS NULL THEN c.cal_id IS NOT NULL ELSE z.cal_id = $cal_id END
ORDER BY f.mjd_mid, f.frame_id;
