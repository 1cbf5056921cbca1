-- Zero points in use (or those of the calibration that was asked for), by frame and aperture.
SELECT *
FROM zeropoint_active
ORDER BY frame_id, aperture_id;
