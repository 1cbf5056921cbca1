-- Frames with what PP keeps of one beside its sources.
SELECT
  f.frame_id, f.path, f.telescope, f.object_name, f.filter, f.band, f.mjd_mid + 2400000.5 AS obstime, f.exptime_s,
  coalesce(z.mag_system, 'instrumental') AS mag_system, z.catalog, z.ref_band, z.ref_path
FROM frame AS f
LEFT JOIN zeropoint_active AS z ON z.frame_id = f.frame_id AND z.aperture_id = 0
WHERE f.state = 'ok'
ORDER BY f.frame_id;
