-- The zero points in use: of the calibration that the session asked for (SET VARIABLE photdb_calibration = 3), else of the
-- one that each frame points at.
CREATE OR REPLACE VIEW zeropoint_active AS
SELECT z.*
FROM frame_calibration AS c
JOIN zeropoint AS z
  ON z.frame_id = c.frame_id AND z.cal_id = coalesce(getvariable('photdb_calibration')::INTEGER, c.cal_id);
COMMENT ON VIEW zeropoint_active IS 'the zero points in use, one row a frame and aperture; SET VARIABLE photdb_calibration = N for those of calibration N';
