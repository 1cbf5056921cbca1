-- Lay the frames of a night down for the statements that match and write it.
-- needs given_night(frame_key, frame_id, match_radius_arcsec, mjd_mid, fwhm_arcsec, wcs_rms_arcsec, epoch)
CREATE OR REPLACE TEMP TABLE night_frame AS
FROM given_night;
