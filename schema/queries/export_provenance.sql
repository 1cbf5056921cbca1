-- What an export was made from: the store, its newest run, its frames, and how they are calibrated.
SELECT
  (SELECT value FROM meta WHERE key = 'schema_version') AS schema_version,
  md5(concat_ws(
    ' ',
    (SELECT value FROM meta WHERE key = 'created_at'),
    (SELECT min(started) FROM run),
    (SELECT sha256 FROM file ORDER BY file_id LIMIT 1)
  )) AS store_id,
  (SELECT max(run_id) FROM run WHERE state = 'done') AS run_id,
  (SELECT count(*) FROM export_frame) AS n_frame,
  (
    SELECT sha256(string_agg(l.sha256, ' ' ORDER BY l.sha256))
    FROM export_frame AS e
    JOIN frame AS f ON f.frame_id = e.frame_id
    JOIN file AS l ON l.file_id = f.file_id
  ) AS frames_sha256,
  (SELECT string_agg(DISTINCT cal_id::VARCHAR, ' ' ORDER BY cal_id::VARCHAR) FROM export_frame) AS calibrations,
  (
    SELECT string_agg(DISTINCT coalesce(band, '-') || ':' || mag_system, ' ' ORDER BY coalesce(band, '-') || ':' || mag_system)
    FROM export_frame
  ) AS mag_systems,
  (SELECT min(mjd_mid) FROM export_frame) AS first_mjd,
  (SELECT max(mjd_mid) FROM export_frame) AS last_mjd;
