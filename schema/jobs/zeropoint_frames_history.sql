-- Put the frames that hold up the new ones beside these.
INSERT INTO zp_frame BY NAME
SELECT
  frame_id, night, mjd_mid, detector, band, exptime_s, airmass, calibrate_as AS tie,
  coalesce(match_radius_arcsec, 2.0) AS reach_arcsec,
  coalesce(primary_radius_px * pixel_scale_arcsec, 0.0) AS aperture_arcsec,
  pixel_scale_arcsec, primary_noise, aper_noise, aper_radius_px, wcs_kind, width, height,
  coalesce(n_detections, 1000) AS n_detections, false AS is_new
FROM frame
WHERE frame_id IN (SELECT frame_id FROM zp_history);
