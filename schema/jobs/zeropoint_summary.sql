-- What a calibration found (zp_found), band by band and system by system.
-- $few_or_far  INTEGER  bits of flag that are counted
-- $primary     INTEGER  the primary aperture
SELECT
  f.band, z.mag_system, z.catalog, z.ref_band, z.ref_path, count(*) AS n_frame, min(z.zp) AS low, max(z.zp) AS high,
  median(z.zp_err) AS zp_err, median(z.n_star)::INTEGER AS n_star, any_value(z.colour) AS colour,
  median(z.colour_term) AS colour_term, median(z.mag_term) AS mag_term, min(z.extinction) AS extinction_low,
  max(z.extinction) AS extinction_high, count(*) FILTER (z.flag & $few_or_far <> 0) AS n_flagged,
  arg_min(z.reason, z.frame_id) AS reason
FROM zp_found AS z
JOIN zp_all AS f ON f.frame_id = z.frame_id
WHERE z.aperture_id = $primary
GROUP BY f.band, z.mag_system, z.catalog, z.ref_band, z.ref_path
ORDER BY ALL;
