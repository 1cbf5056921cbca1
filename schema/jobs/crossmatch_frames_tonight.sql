-- Frames of the night with a place on the sky: date and reach.
-- needs night_frame
SELECT frame_id, mjd_mid AS mjd, match_radius_arcsec AS reach
FROM night_frame
WHERE match_radius_arcsec IS NOT NULL AND mjd_mid IS NOT NULL
ORDER BY frame_id;
