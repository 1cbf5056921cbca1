-- What the store has of the sources of one frame.
-- $frame_id  INTEGER
SELECT x, y, flux, flux_err, flux_auto, flux_auto_err, aper_flux, aper_flux_err, flux_psf, flux_psf_err, flags
FROM detection
WHERE frame_id = $frame_id::INTEGER
ORDER BY x, y;
