-- Forced fluxes that say wrongly whether their frame detected their object.
SELECT p.frame_id, p.object_id, p.target_id, p.is_detected
FROM forced AS p
LEFT JOIN (
  SELECT DISTINCT object_id, frame_id
  FROM detection_point
  WHERE object_id IN (SELECT object_id FROM forced)
) AS d
  ON d.object_id = p.object_id AND d.frame_id = p.frame_id
WHERE p.is_detected <> (d.frame_id IS NOT NULL);
