-- What aper_flux[i] means; append-only, for ever.
CREATE TABLE aperture (
  aperture_id INTEGER NOT NULL,
  kind VARCHAR NOT NULL,
  diameter DOUBLE
);
COMMENT ON TABLE aperture IS 'what aper_flux[i] means; rows are only ever added';
COMMENT ON COLUMN aperture.aperture_id IS 'position in aper_flux, from 1; 0 = the primary aperture of the frame, -1 = auto (Kron), -2 = PSF, -3 = the whole star';
COMMENT ON COLUMN aperture.kind IS 'arcsec, fwhm (of the frame), primary, auto, psf or whole (all light of a star: the zero point that elliptical fluxes use)';
COMMENT ON COLUMN aperture.diameter IS 'arcsec or FWHM, by kind';
