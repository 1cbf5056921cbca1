-- Objects to be: mean position, the cell of their earliest detection, and what they are made of.
SELECT
  a.object_id AS parent,
  arg_min(s.hpx, (f.mjd_mid, s.rid)) AS hpx,
  inexact(sum(exact(s.ux))) / count(*) AS ux,
  inexact(sum(exact(s.uy))) / count(*) AS uy,
  inexact(sum(exact(s.uz))) / count(*) AS uz,
  max(s.c) AS c,
  max(s.flux) AS flux
FROM assigned AS a
JOIN staged AS s ON s.rid = a.rid
JOIN night_frame AS f ON f.frame_id = s.frame_id
WHERE a.object_id < 0
GROUP BY a.object_id
ORDER BY hpx, parent;
