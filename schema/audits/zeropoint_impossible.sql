-- Zero points whose numbers cannot be.
SELECT cal_id, frame_id, aperture_id, zp, zp_err, zp_sys, n_star
FROM zeropoint
WHERE isnan(zp) OR zp NOT BETWEEN -60 AND 60 OR zp_err < 0 OR isnan(zp_err) OR zp_sys < 0 OR isnan(zp_sys) OR n_star < 0
ORDER BY cal_id, frame_id, aperture_id;
