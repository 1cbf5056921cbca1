-- Take away the pointers of frames that are measured again: their zero points belong to the old fluxes.
-- $frame_ids  INTEGER[]
DELETE FROM frame_calibration
WHERE frame_id IN (SELECT unnest($frame_ids::INTEGER[]));
