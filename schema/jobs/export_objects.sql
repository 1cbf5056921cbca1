-- Objects to export, by their place on the sky, and a digest of what an export takes from each.
-- $objects  BIGINT[]   these; NULL: all
CREATE OR REPLACE TEMP TABLE export_object AS
SELECT object_id, hpx, n_detections, hash(o) AS digest
FROM object AS o
WHERE $objects::BIGINT[] IS NULL OR object_id IN (SELECT unnest($objects::BIGINT[]))
ORDER BY hpx, object_id;
