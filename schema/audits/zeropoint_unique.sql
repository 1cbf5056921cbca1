-- Zero points given twice for one calibration, frame and aperture.
SELECT cal_id, frame_id, aperture_id, count(*) AS n_zeropoint
FROM zeropoint
GROUP BY cal_id, frame_id, aperture_id
HAVING count(*) > 1
ORDER BY cal_id, frame_id, aperture_id;
