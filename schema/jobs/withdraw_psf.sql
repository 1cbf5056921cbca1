-- Take away the PSF models of frames that are measured again.
-- $frame_ids  INTEGER[]
DELETE FROM frame_psf
WHERE frame_id IN (SELECT unnest($frame_ids::INTEGER[]));
