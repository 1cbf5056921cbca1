-- Objects by their number.
-- $objects  BIGINT[]   these; NULL: all
SELECT
  object_id, name, hpx, ra, dec, ux, uy, uz, epoch, pm_ra, pm_dec, ref_catalog, ref_source_id, n_detections, run_id
FROM object
WHERE $objects::BIGINT[] IS NULL OR object_id IN (SELECT unnest($objects::BIGINT[]))
ORDER BY object_id;
