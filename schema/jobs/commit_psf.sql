-- Append the PSF models of frames (by name; what is not given is NULL).
-- needs given_psf, with any columns of frame_psf
INSERT INTO frame_psf BY NAME
FROM given_psf;
