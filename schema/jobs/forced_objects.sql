-- Objects as places for forced photometry; those of moving targets have no place.
-- $object_ids  BIGINT[]  NULL: all
SELECT object_id, ra, dec, epoch, pm_ra, pm_dec
FROM object
WHERE coalesce(kind, 'star') <> 'moving'
  AND ($object_ids::BIGINT[] IS NULL OR object_id IN (SELECT unnest($object_ids::BIGINT[])))
ORDER BY object_id;
