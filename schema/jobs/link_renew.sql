-- Let the stars of some objects be sought again: of those whose detections changed hands since the last night was looked at,
-- and of those without a star that the frames since then show, whose place or match radius is another now.
UPDATE object
SET linked_run_id = NULL
WHERE linked_run_id IS NOT NULL AND coalesce(kind, 'star') = 'star' AND object_id IN (
  WITH fresh AS (
    SELECT f.frame_id, f.run_id
    FROM frame AS f
    ANTI JOIN related_frame AS r ON r.frame_id = f.frame_id AND r.run_id = f.run_id
    WHERE f.state = 'ok'
  )
  SELECT unnest([object_id, other_id])
  FROM object_event
  WHERE run_id >= (SELECT min(run_id) FROM fresh)
  UNION ALL
  SELECT object_id
  FROM object
  WHERE ref_source_id IS NULL AND EXISTS (FROM refstar)
    AND object_id IN (SELECT object_id FROM detection WHERE frame_id IN (SELECT frame_id FROM fresh))
);
