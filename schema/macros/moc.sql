-- Objects inside a MOC, in ASCII (5/123-130 6/600) or JSON ({"5": [123, 124]}).
CREATE OR REPLACE MACRO moc(moc_text) AS TABLE
WITH part AS MATERIALIZED (SELECT lo, hi FROM hpx_ranges(moc_text)),
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
