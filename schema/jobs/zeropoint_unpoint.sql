-- Take away the pointers of the frames that were calibrated.
DELETE FROM frame_calibration
WHERE frame_id IN (SELECT frame_id FROM zp_found);
