-- Take away the first looks that full models are about to replace.
-- needs given_psf(frame_id, kind, ...)
DELETE FROM frame_psf
WHERE noise IS NULL AND (frame_id, kind) IN (SELECT (frame_id, kind) FROM given_psf);
