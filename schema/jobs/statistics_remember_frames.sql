-- Remember which frames the statistics hold now, and with which zero points.
-- needs stat_frame
INSERT INTO statistics_frame
SELECT frame_id, run_id, band, mag_system, detector, night, cal_id, zp, zp_err
FROM stat_frame
ORDER BY frame_id;
