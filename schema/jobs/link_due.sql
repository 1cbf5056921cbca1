-- Objects whose links are to be sought: those never looked at, and those where reference stars arrived since.
-- $run_id  INTEGER  tiles of this run count as new, whenever they came
-- needs fresh_tile(norder, npix, run_id)
CREATE OR REPLACE TEMP TABLE link_due AS
SELECT object_id
FROM object
WHERE linked_run_id IS NULL AND coalesce(kind, 'star') = 'star'
UNION
SELECT o.object_id
FROM (SELECT DISTINCT norder FROM fresh_tile) AS n, object AS o
JOIN fresh_tile AS t ON t.norder = n.norder AND t.npix = o.hpx >> (2 * (29 - n.norder))
WHERE coalesce(o.kind, 'star') = 'star' AND (t.run_id > o.linked_run_id OR t.run_id = $run_id::INTEGER);
