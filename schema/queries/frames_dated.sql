-- Measured frames that have a WCS and a date.
SELECT frame_id, mjd_mid
FROM frame
WHERE state = 'ok' AND wcs IS NOT NULL AND mjd_mid IS NOT NULL
ORDER BY frame_id;
