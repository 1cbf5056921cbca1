-- What is known of a target besides its place: the object there, its ellipse, and in how many frames its flux was asked for.
-- $target_id  INTEGER
SELECT
  t.target_id,
  t.name,
  coalesce(
    t.object_id,
    (SELECT arg_max(o.object_id, (o.n_detections, -o.object_id)) FROM object AS o WHERE o.target_id = t.target_id)
  ) AS object_id,
  t.a_arcsec IS NOT NULL AS is_ellipse,
  (SELECT count(DISTINCT frame_id) FROM forced AS f WHERE f.target_id = t.target_id) AS n_forced
FROM target AS t
WHERE t.target_id = $target_id::INTEGER;
