-- Take away forced fluxes of objects that are no more, and those of objects that became part of another one which has been
-- measured in the same frame and aperture: its own stay, else those of the lowest id.
DELETE FROM forced
WHERE target_id IS NULL AND (frame_id, aperture_id, object_id) IN (
  WITH led AS (
    SELECT f.frame_id, f.aperture_id, f.object_id, a.old_id IS NOT NULL AS is_old, CASE WHEN a.old_id IS NULL THEN f.object_id ELSE a.object_id END AS home
    FROM forced AS f
    LEFT JOIN object_alias AS a ON a.old_id = f.object_id
    WHERE f.target_id IS NULL
      AND f.object_id IN (SELECT unnest([old_id, object_id]) FROM object_alias WHERE old_id IN (SELECT object_id FROM forced))
  ),
  ranked AS (
    SELECT *, row_number() OVER (PARTITION BY frame_id, aperture_id, home ORDER BY is_old, object_id) AS k
    FROM led
  )
  SELECT frame_id, aperture_id, object_id
  FROM ranked
  WHERE is_old AND (home IS NULL OR k > 1)
);
