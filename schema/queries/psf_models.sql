-- PSF models of a frame that fluxes may be of: not the first look of an ingest, which few stars have made.
-- $frame_id  INTEGER
SELECT *
FROM frame_psf
WHERE frame_id = $frame_id::INTEGER AND noise IS NOT NULL
ORDER BY in_use DESC, kind;
