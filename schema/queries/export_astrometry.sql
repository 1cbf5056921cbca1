-- Places and magnitudes of objects as observers report them, by object and time: detections, and forced fluxes whose
-- aperture was moved onto the target; never a place that was only predicted.
-- $objects     BIGINT[]  of these objects; NULL: of every one
-- $band        VARCHAR   NULL: every band
-- $path        VARCHAR   JSON: [{"object_id": 1, "frame_id": 1, "rejected": "pos"}, ...]; NULL: nothing is rejected
-- $telescopes  VARCHAR   JSON: [{"telescope": "backyard", "mpc_code": "A99", "diameter_m": 0.3}, ...]; NULL: not known
WITH said AS MATERIALIZED (
  SELECT unnest(
    from_json(coalesce($path::VARCHAR, '[]'), '[{"object_id": "BIGINT", "frame_id": "INTEGER", "rejected": "VARCHAR"}]'), recursive := true
  )
),
telescope AS MATERIALIZED (
  SELECT unnest(
    from_json(coalesce($telescopes::VARCHAR, '[]'), '[{"telescope": "VARCHAR", "mpc_code": "VARCHAR", "diameter_m": "DOUBLE"}]'),
    recursive := true
  )
),
place AS (
  SELECT object_id, frame_id, ra, dec, x, y, flux, flux_err, flags, fwhm, 'detected' AS kind
  FROM detection
  WHERE ($objects::BIGINT[] IS NULL OR object_id IN (SELECT unnest($objects::BIGINT[]))) AND object_id IS NOT NULL
  UNION ALL
  SELECT m.object_id, u.frame_id, u.ra, u.dec, u.x, u.y, u.flux, u.flux_err, u.flags, NULL, 'forced'
  FROM forced AS u
  JOIN object AS m ON m.target_id = u.target_id AND m.kind = 'moving'
  WHERE ($objects::BIGINT[] IS NULL OR m.object_id IN (SELECT unnest($objects::BIGINT[])))
    AND u.aperture_id = 0 AND NOT u.is_detected AND u.reason IS NULL AND u.shift_ra IS NOT NULL
)
SELECT
  p.object_id,
  o.name AS object_name,
  t.name AS target_name,
  t.designation,
  f.frame_id,
  parse_filename(f.path) AS filename,
  f.night,
  f.mjd_mid,
  p.ra,
  p.dec,
  p.kind,
  p.flags,
  p.flux / p.flux_err AS snr,
  flux_to_mag(p.flux, zp_here(z, p.flux, p.x, p.y, f.width, f.height)) AS mag,
  sqrt(mag_error(p.flux, p.flux_err) ** 2 + coalesce(z.zp_err, 0) ** 2) AS mag_err,
  coalesce(z.mag_system, 'instrumental') AS mag_system,
  f.band,
  coalesce(z.ref_band, f.calibrate_as, f.band) AS ref_band,
  z.catalog,
  f.exptime_s,
  f.fwhm_arcsec,
  f.primary_radius_px * f.pixel_scale_arcsec AS radius_arcsec,
  f.wcs_kind,
  f.wcs_rms_arcsec,
  f.wcs_n_star,
  f.pixel_scale_arcsec,
  f.telescope,
  f.detector,
  f.site,
  f.site_latitude,
  f.site_longitude,
  f.site_height,
  l.mpc_code,
  l.diameter_m,
  s.rejected
FROM place AS p
JOIN frame AS f ON f.frame_id = p.frame_id
JOIN object AS o ON o.object_id = p.object_id
LEFT JOIN target AS t ON t.target_id = o.target_id
LEFT JOIN zeropoint_active AS z ON z.frame_id = p.frame_id AND z.aperture_id = 0
LEFT JOIN telescope AS l ON l.telescope = f.telescope
LEFT JOIN said AS s ON s.object_id = p.object_id AND s.frame_id = p.frame_id
WHERE $band::VARCHAR IS NULL OR f.band = $band::VARCHAR
ORDER BY l.mpc_code, f.telescope, p.object_id, f.mjd_mid, f.frame_id;
