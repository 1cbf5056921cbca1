-- The colour term that the latest frames of a detector, band and catalogue have now, with the date of the latest.
-- $days       DOUBLE  not older, against the new frames
SELECT t.detector, t.band, z.catalog, z.ref_band, z.colour, arg_max(z.colour_term, f.mjd_mid) AS colour_term
FROM zeropoint_active AS z
JOIN frame AS f ON f.frame_id = z.frame_id
JOIN (SELECT detector, band, min(mjd_mid) AS first, max(mjd_mid) AS last FROM zp_frame WHERE is_new GROUP BY ALL) AS t
  ON t.detector IS NOT DISTINCT FROM f.detector AND t.band IS NOT DISTINCT FROM f.band
WHERE z.aperture_id = 0 AND z.colour_term IS NOT NULL AND f.mjd_mid BETWEEN t.first - $days AND t.last + $days
GROUP BY ALL;
