-- The sort keys of the detections in hand: of the objects born in the partition, and of the piece itself.
-- $lo, $hi            BIGINT   order-29 cells of the piece, the last excluded
-- $born_lo, $born_hi  BIGINT   and of the partition
SELECT least(min(object_id), $lo::BIGINT) AS lo, greatest(max(object_id), $hi::BIGINT - 1) AS hi
FROM export_chunk
WHERE object_id >= $born_lo::BIGINT AND object_id < $born_hi::BIGINT;
