-- Frames with a place on the sky, where there are moving targets: date and reach.
SELECT frame_id, mjd_mid AS mjd, match_radius_arcsec AS reach
FROM frame
WHERE match_radius_arcsec IS NOT NULL AND mjd_mid IS NOT NULL
  AND (SELECT count(*) FROM ephemeris) + (SELECT count(*) FROM target_position) > 0
ORDER BY frame_id;
