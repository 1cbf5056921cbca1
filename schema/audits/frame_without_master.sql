-- Frames reduced with a master frame that is not there.
SELECT f.frame_id, m.kind, m.master_id
FROM (
  UNPIVOT (SELECT frame_id, bias_id, dark_id, flat_id, pattern_id FROM frame)
  ON bias_id, dark_id, flat_id, pattern_id INTO NAME kind VALUE master_id
) AS m
JOIN frame AS f ON f.frame_id = m.frame_id
ANTI JOIN master AS known ON known.master_id = m.master_id
ORDER BY f.frame_id, m.kind;
