-- The frames of a night and telescope, oldest first, with the magnitude (or, without a zero point, the instrumental one) of
-- five times the noise of their primary aperture.
-- $night      DATE
-- $telescope  VARCHAR
SELECT
  f.frame_id, f.path, f.mjd_mid, f.exptime_s, f.ra, f.dec, f.corner_ra, f.corner_dec, f.band, f.site,
  f.width * f.pixel_scale_arcsec AS across, f.height * f.pixel_scale_arcsec AS down, f.pixel_scale_arcsec,
  coalesce(f.fwhm_arcsec, 3 * f.pixel_scale_arcsec) AS fwhm_arcsec, coalesce(f.match_radius_arcsec, 1) AS reach,
  coalesce(f.wcs_rms_arcsec, 0.2) AS wcs_rms_arcsec, z.zp IS NOT NULL AS is_calibrated,
  coalesce(z.mag_system, 'instrumental') AS mag_system,
  flux_to_mag(5 * f.primary_noise, coalesce(z.zp, 0.0)) AS limit_mag
FROM frame AS f
LEFT JOIN zeropoint_active AS z ON z.frame_id = f.frame_id AND z.aperture_id = 0
WHERE f.state = 'ok' AND f.wcs_kind IS NOT NULL AND f.mjd_mid IS NOT NULL AND f.corner_ra IS NOT NULL
  AND f.origin = 'measured' AND f.night = $night::DATE AND f.telescope IS NOT DISTINCT FROM $telescope::VARCHAR
ORDER BY f.mjd_mid, f.frame_id;
