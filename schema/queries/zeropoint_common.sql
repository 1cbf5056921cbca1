-- How many frames two calibrations both give a zero point.
-- $first, $second  INTEGER
SELECT count(*)
FROM zeropoint AS a
JOIN zeropoint AS b ON b.frame_id = a.frame_id AND b.aperture_id = 0 AND b.cal_id = $second::INTEGER
WHERE a.aperture_id = 0 AND a.cal_id = $first::INTEGER
  AND a.mag_system <> 'instrumental' AND b.mag_system <> 'instrumental';
