-- Sums of tonight's detections of each object, to take into its mean position; the same in whatever order they come.
SELECT
  a.object_id,
  count(*) AS n,
  inexact(sum(exact(s.ux))) AS sx,
  inexact(sum(exact(s.uy))) AS sy,
  inexact(sum(exact(s.uz))) AS sz,
  2000.0 * count(*) + inexact(sum(exact(f.epoch - 2000))) AS st
FROM assigned AS a
JOIN staged AS s ON s.rid = a.rid
JOIN night_frame AS f ON f.frame_id = s.frame_id
GROUP BY a.object_id
ORDER BY a.object_id;
