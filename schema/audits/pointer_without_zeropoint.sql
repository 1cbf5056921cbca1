-- Frames that use a calibration which does not have them.
SELECT p.frame_id, p.cal_id
FROM frame_calibration AS p
ANTI JOIN (SELECT frame_id, cal_id FROM zeropoint WHERE aperture_id = 0) AS z
  ON z.frame_id = p.frame_id AND z.cal_id = p.cal_id
ORDER BY p.frame_id;
