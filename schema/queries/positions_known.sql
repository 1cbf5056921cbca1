-- Of each position of a file, how many frames have its name, how many of them its time (half a day about), and how far the
-- nearest in time is from it.
-- needs given_positions(place, frame_name, mjd)
SELECT
  g.place,
  count(f.frame_id) AS n_named,
  count(f.frame_id) FILTER (coalesce(abs(g.mjd - f.mjd_mid) < 0.5, true)) AS n_frame,
  min(abs(g.mjd - f.mjd_mid)) * 86400.0 AS apart_s
FROM given_positions AS g
LEFT JOIN frame AS f ON file_stem(f.path) = file_stem(g.frame_name)
GROUP BY g.place
ORDER BY g.place;
