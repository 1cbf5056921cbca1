-- The objects of a piece of the sky, in the order of their rows.
-- $lo, $hi  BIGINT   order-29 cells of the piece, the last excluded
CREATE OR REPLACE TEMP TABLE export_chunk AS
SELECT o.*, row_number() OVER (ORDER BY e.hpx, e.object_id) - 1 AS rank
FROM export_object AS e
JOIN object AS o ON o.object_id = e.object_id
WHERE e.hpx >= $lo::BIGINT AND e.hpx < $hi::BIGINT;
