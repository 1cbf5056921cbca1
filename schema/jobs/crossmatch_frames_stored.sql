-- Frames with a place on the sky that no moving target's object has a detection in: date and reach.
SELECT frame_id, mjd_mid AS mjd, match_radius_arcsec AS reach
FROM frame
WHERE match_radius_arcsec IS NOT NULL AND mjd_mid IS NOT NULL AND (SELECT count(*) FROM ephemeris) > 0
ORDER BY frame_id;
