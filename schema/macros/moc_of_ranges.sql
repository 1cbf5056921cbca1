-- Objects inside ranges of order-29 HEALPix cells (NESTED; lo to hi, both in), which may overlap.
-- ranges  STRUCT(lo BIGINT, hi BIGINT)[]   of a table: (SELECT list({lo: lo, hi: hi}) FROM my_ranges)
CREATE OR REPLACE MACRO moc_of_ranges(ranges) AS TABLE
WITH given AS (
  SELECT r.lo::BIGINT AS lo, max(r.hi::BIGINT) OVER (ORDER BY r.lo::BIGINT) AS hi
  FROM (SELECT unnest(ranges) AS r)
  WHERE r.hi::BIGINT >= r.lo::BIGINT
),
part AS MATERIALIZED (SELECT lo, max(hi) AS hi FROM given GROUP BY lo),
near AS (
  SELECT object_id, name, ra, dec, n_detections, hpx
  FROM object
  WHERE hpx BETWEEN (SELECT min(lo) FROM part) AND (SELECT max(hi) FROM part)
    AND coalesce(kind, 'star') <> 'moving'
)
SELECT n.object_id, n.name, n.ra, n.dec, n.n_detections
FROM near AS n
ASOF JOIN part AS p ON n.hpx >= p.lo
WHERE n.hpx <= p.hi
ORDER BY n.object_id;
