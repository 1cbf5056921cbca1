-- The objects of an export in a piece of the sky.
-- $lo, $hi  BIGINT   order-29 cells, the last excluded
SELECT object_id
FROM export_object
WHERE hpx >= $lo::BIGINT AND hpx < $hi::BIGINT
ORDER BY object_id;
