-- What was measured of two calibrations in one detector and band, the first one first.
-- $first, $second  INTEGER
-- $detector, $band VARCHAR
SELECT *
FROM calibration_quality
WHERE cal_id IN ($first, $second)
  AND detector IS NOT DISTINCT FROM $detector::VARCHAR AND band IS NOT DISTINCT FROM $band::VARCHAR
ORDER BY cal_id <> $first;
