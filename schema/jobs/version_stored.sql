-- What was measured of two calibrations when they were made.
-- $first, $second  INTEGER
SELECT *
FROM calibration_quality
WHERE cal_id IN ($first, $second)
ORDER BY cal_id, detector, band;
