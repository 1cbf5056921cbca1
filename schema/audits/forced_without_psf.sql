-- Forced PSF fluxes of a frame that has no PSF model.
SELECT p.frame_id, count(*) AS n
FROM forced AS p
WHERE p.method = 'psf' AND p.reason IS NULL AND p.frame_id NOT IN (SELECT frame_id FROM frame_psf)
GROUP BY p.frame_id;
