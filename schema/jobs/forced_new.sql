-- Lay down the forced fluxes of a night with their objects: of targets the star at the place, or the moving target's own.
-- needs forced_staged
CREATE OR REPLACE TEMP TABLE forced_new AS
WITH moving AS (
  SELECT target_id, arg_max(object_id, n_detections) AS object_id
  FROM object
  WHERE target_id IS NOT NULL
  GROUP BY target_id
),
known AS (
  SELECT s.* REPLACE (coalesce(s.object_id, t.object_id, m.object_id) AS object_id), healpix_cell(t.ra, t.dec, 29) AS cell
  FROM forced_staged AS s
  LEFT JOIN target AS t ON t.target_id = s.target_id
  LEFT JOIN moving AS m ON m.target_id = s.target_id
),
seen AS (
  SELECT DISTINCT object_id, frame_id
  FROM (
    SELECT object_id, frame_id FROM detection_hot
    UNION ALL
    SELECT object_id, frame_id FROM detection_cold
  )
  WHERE frame_id IN (SELECT frame_id FROM forced_staged) AND object_id IN (SELECT object_id FROM known)
)
SELECT coalesce(k.object_id, k.cell, -1) AS skey, k.* EXCLUDE (cell), d.object_id IS NOT NULL AS is_detected
FROM known AS k
LEFT JOIN seen AS d ON d.object_id = k.object_id AND d.frame_id = k.frame_id;
