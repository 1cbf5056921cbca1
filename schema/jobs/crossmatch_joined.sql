-- What settled stars are with tonight's detections, to be written; without the given ones.
-- needs judged, given_stars(object_id)
SELECT
  j.object_id, j.ux, j.uy, j.uz, j.n_position,
  (coalesce(o.n_position, 0) * (o.epoch - 2000) + j.years) / j.n_position + 2000 AS epoch,
  o.n_detections + j.n AS n_detections,
  o.grade, j.spread, j.slack, j.reach, j.drift, false AS is_contested
FROM judged AS j
JOIN object AS o ON o.object_id = j.object_id
ANTI JOIN given_stars AS g ON g.object_id = j.object_id
WHERE j.is_settled AND j.n > 0
ORDER BY j.object_id;
