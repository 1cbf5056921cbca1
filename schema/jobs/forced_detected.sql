-- Say anew which frames have a detection of the object that a forced flux is of; only where that has changed.
UPDATE forced
SET is_detected = n.is_detected
FROM (
  WITH asked AS MATERIALIZED (SELECT DISTINCT object_id, frame_id FROM forced WHERE object_id IS NOT NULL),
  seen AS MATERIALIZED (
    SELECT DISTINCT d.object_id, d.frame_id
    FROM (
      SELECT object_id, frame_id FROM detection_hot
      UNION ALL
      SELECT object_id, frame_id FROM detection_cold
    ) AS d
    SEMI JOIN asked AS a ON a.object_id = d.object_id AND a.frame_id = d.frame_id
  )
  SELECT a.object_id, a.frame_id, s.object_id IS NOT NULL AS is_detected
  FROM asked AS a
  LEFT JOIN seen AS s ON s.object_id = a.object_id AND s.frame_id = a.frame_id
) AS n
WHERE forced.object_id = n.object_id AND forced.frame_id = n.frame_id AND forced.is_detected <> n.is_detected;
