-- Two calibrations frame by frame in the primary aperture, oldest first; differences are the second minus the first.
-- $first, $second  INTEGER
SELECT
  f.frame_id, f.night, f.mjd_mid, f.detector, f.band, f.airmass,
  b.zp - a.zp AS zp_diff, sqrt(a.zp_err ** 2 + b.zp_err ** 2) AS zp_diff_err, a.zp AS zp_first, b.zp AS zp_second,
  a.zp_err AS zp_err_first, b.zp_err AS zp_err_second, a.n_star AS n_star_first, b.n_star AS n_star_second,
  b.limit_mag - a.limit_mag AS limit_diff, a.colour_term AS colour_term_first, b.colour_term AS colour_term_second,
  a.mag_system AS mag_system_first, b.mag_system AS mag_system_second, a.flag AS flag_first, b.flag AS flag_second
FROM zeropoint AS a
JOIN zeropoint AS b ON b.frame_id = a.frame_id AND b.aperture_id = 0 AND b.cal_id = $second::INTEGER
JOIN frame AS f ON f.frame_id = a.frame_id
WHERE a.aperture_id = 0 AND a.cal_id = $first::INTEGER
  AND a.mag_system <> 'instrumental' AND b.mag_system <> 'instrumental'
ORDER BY f.mjd_mid, f.frame_id;
