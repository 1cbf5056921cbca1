-- The frames to calibrate, and how far their stars may be from the catalogue's.
-- $frame_ids     INTEGER[]
-- $calibrate_as  VARCHAR    catalogue band that bands of no catalogue are tied to; NULL: what the frame says
CREATE OR REPLACE TEMP TABLE zp_frame AS
SELECT
  f.frame_id, night, mjd_mid, detector, band, exptime_s, airmass,
  coalesce($calibrate_as, calibrate_as) AS tie,
  coalesce(match_radius_arcsec, 2.0) AS reach_arcsec,
  coalesce(primary_radius_px * pixel_scale_arcsec, 0.0) AS aperture_arcsec,
  pixel_scale_arcsec, primary_noise, aper_noise, aper_radius_px, wcs_kind, width, height,
  coalesce(n_detections, 1000) AS n_detections,
  p.noise AS psf_noise,
  true AS is_new
FROM frame AS f
LEFT JOIN frame_psf AS p ON p.frame_id = f.frame_id AND p.in_use
WHERE f.frame_id IN (SELECT unnest($frame_ids::INTEGER[])) AND state = 'ok'
ORDER BY f.frame_id;
