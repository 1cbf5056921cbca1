-- Objects that a user's condition holds for (it takes the place of the line with true), sorted.
-- $min_detections  INTEGER
-- $sort            VARCHAR   n_detections (most first), object_id, name, ra or dec
WITH chosen AS (
  SELECT *
  FROM object
  WHERE
    (true)
)
SELECT object_id, name, ra, dec, epoch, pm_ra, pm_dec, ref_catalog, ref_source_id, n_detections
FROM chosen
WHERE n_detections >= $min_detections::INTEGER
ORDER BY
  CASE $sort::VARCHAR WHEN 'n_detections' THEN -n_detections WHEN 'ra' THEN ra WHEN 'dec' THEN dec END,
  CASE $sort::VARCHAR WHEN 'name' THEN name END,
  object_id;
