-- What the headers of frames name as their object: how many frames, and the files of the first and the last.
SELECT
  object_name, count(*) AS n_frame, arg_min(path, mjd_mid) AS first_path, arg_max(path, mjd_mid) AS last_path
FROM frame
WHERE trim(coalesce(object_name, '')) <> '' AND mjd_mid IS NOT NULL AND state = 'ok'
GROUP BY object_name
ORDER BY min(mjd_mid), object_name;
