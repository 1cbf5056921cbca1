-- Zero points of a calibration that is not there.
SELECT z.cal_id, count(*) AS n_zeropoint
FROM zeropoint AS z
ANTI JOIN calibration AS c ON c.cal_id = z.cal_id
GROUP BY z.cal_id
ORDER BY z.cal_id;
