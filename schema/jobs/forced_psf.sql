-- The models that PSF fluxes of frames are of.
-- $frame_ids  INTEGER[]
SELECT *
FROM frame_psf
WHERE in_use AND frame_id IN (SELECT unnest($frame_ids::INTEGER[]))
ORDER BY frame_id;
