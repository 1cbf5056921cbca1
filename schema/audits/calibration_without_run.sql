-- Calibrations whose run is not there.
SELECT c.cal_id, c.run_id
FROM calibration AS c
ANTI JOIN run AS r ON r.run_id = c.run_id
ORDER BY c.cal_id;
