-- Objects, sorted.
-- $min_detections  INTEGER
-- $sort            VARCHAR   n_detections (most first), object_id, name, ra or dec
SELECT object_id, name, ra, dec, epoch, pm_ra, pm_dec, ref_catalog, ref_source_id, n_detections
FROM object
WHERE n_detections >= $min_detections::INTEGER
ORDER BY
  CASE $sort::VARCHAR WHEN 'n_detections' THEN -n_detections WHEN 'ra' THEN ra WHEN 'dec' THEN dec END,
  CASE $sort::VARCHAR WHEN 'name' THEN name END,
  object_id;
