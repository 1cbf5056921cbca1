-- Let forced fluxes belong to the object that is at their place now: those of a target to its star or its own moving object,
-- those of an object that became part of another one to that one.
UPDATE forced
SET object_id = n.object_id, skey = coalesce(n.object_id, n.cell, forced.skey)
FROM (
  WITH moving AS (
    SELECT target_id, arg_max(object_id, n_detections) AS object_id
    FROM object
    WHERE target_id IS NOT NULL
    GROUP BY target_id
  )
  SELECT t.target_id, NULL::BIGINT AS old_id, coalesce(t.object_id, m.object_id) AS object_id, healpix_cell(t.ra, t.dec, 29) AS cell
  FROM target AS t
  LEFT JOIN moving AS m ON m.target_id = t.target_id
  UNION ALL
  SELECT NULL, old_id, object_id, NULL
  FROM object_alias
  WHERE object_id IS NOT NULL
) AS n
WHERE forced.object_id IS DISTINCT FROM n.object_id
  AND coalesce(-forced.target_id, forced.object_id) = coalesce(-n.target_id, n.old_id);
