-- The other calibrations that have most of the frames which use one now, the one with the most (of these the latest) first.
-- $cal_id  INTEGER
SELECT z.cal_id, count(*) AS n_frame
FROM frame_calibration AS p
JOIN zeropoint AS z ON z.frame_id = p.frame_id AND z.aperture_id = 0 AND z.cal_id <> p.cal_id
WHERE p.cal_id = $cal_id
GROUP BY z.cal_id
ORDER BY n_frame DESC, z.cal_id DESC;
