-- Activations of a calibration that is not there.
SELECT a.cal_id, a.run_id, a.activated
FROM activation AS a
ANTI JOIN calibration AS c ON c.cal_id = a.cal_id
ORDER BY a.activated, a.cal_id;
