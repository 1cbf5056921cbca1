-- Nights and telescopes whose frames know their place on the sky, with the number of frames.
-- $night  DATE  only this one; NULL: all
SELECT night, telescope, count(*) AS n
FROM frame
WHERE state = 'ok' AND wcs_kind IS NOT NULL AND mjd_mid IS NOT NULL AND corner_ra IS NOT NULL AND origin = 'measured'
  AND ($night::DATE IS NULL OR night = $night::DATE)
GROUP BY night, telescope
ORDER BY night, telescope;
