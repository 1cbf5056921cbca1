-- The zero points in use.
CREATE OR REPLACE VIEW zeropoint_active AS
SELECT z.*
FROM frame_calibration AS c
JOIN zeropoint AS z ON z.frame_id = c.frame_id AND z.cal_id = c.cal_id;
COMMENT ON VIEW zeropoint_active IS 'the zero points in use, one row a frame and aperture';
