-- Append the PSF models of frames (by name; what is not given is NULL). One that is there stays: fluxes may be of it.
-- needs given_psf, with any columns of frame_psf
INSERT INTO frame_psf BY NAME
FROM given_psf AS g
ANTI JOIN frame_psf AS there ON there.frame_id = g.frame_id AND there.kind = g.kind;
