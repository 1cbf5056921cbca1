-- Sums of tonight's detections of each object, to take into its mean position.
SELECT
  a.object_id,
  count(*) AS n,
  sum(s.ux) AS sx,
  sum(s.uy) AS sy,
  sum(s.uz) AS sz,
  sum(f.epoch) AS st
FROM assigned AS a
JOIN staged AS s ON s.rid = a.rid
JOIN night_frame AS f ON f.frame_id = s.frame_id
GROUP BY a.object_id
ORDER BY a.object_id;
