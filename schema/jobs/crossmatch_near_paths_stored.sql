-- Stored detections near the places of moving targets in their frames, that are not theirs yet.
-- A detection that a reference star is nearer to is not in it.
-- needs given_paths(target_id, frame_id, ux, uy, uz, radius)
WITH near AS (
  SELECT
    g.target_id, s.frame_id, -1::BIGINT AS rid, s.skey, coalesce(s.object_id, 0) AS object_id, s.ra, s.dec, f.mjd_mid AS mjd,
    sqrt((s.ux - g.ux) ** 2 + (s.uy - g.uy) ** 2 + (s.uz - g.uz) ** 2) AS distance,
    s.ux, s.uy, s.uz
  FROM (
    SELECT
      *,
      cos(radians(dec)) * cos(radians(ra)) AS ux, cos(radians(dec)) * sin(radians(ra)) AS uy, sin(radians(dec)) AS uz
    FROM detection
    WHERE frame_id IN (SELECT frame_id FROM given_paths) AND ra IS NOT NULL
      AND object_id NOT IN (
        SELECT object_id FROM object WHERE kind = 'moving' AND target_id IN (SELECT target_id FROM target)
      ) IS DISTINCT FROM false
  ) AS s
  JOIN given_paths AS g ON g.frame_id = s.frame_id
  JOIN frame AS f ON f.frame_id = s.frame_id
  WHERE abs(s.uz - g.uz) <= g.radius
    AND (s.ux - g.ux) ** 2 + (s.uy - g.uy) ** 2 + (s.uz - g.uz) ** 2 <= g.radius ** 2
),
star AS (
  SELECT
    cos(radians(dec)) * cos(radians(ra)) AS ux, cos(radians(dec)) * sin(radians(ra)) AS uy, sin(radians(dec)) AS uz
  FROM refstar
  WHERE dec BETWEEN (SELECT min(dec) FROM near) - 0.01 AND (SELECT max(dec) FROM near) + 0.01
)
SELECT n.* EXCLUDE (ux, uy, uz)
FROM near AS n
WHERE NOT EXISTS (
  FROM star AS r
  WHERE abs(r.uz - n.uz) <= n.distance
    AND (r.ux - n.ux) ** 2 + (r.uy - n.uy) ** 2 + (r.uz - n.uz) ** 2 <= n.distance ** 2
)
ORDER BY n.target_id, n.frame_id, n.distance, n.rid, n.skey;
