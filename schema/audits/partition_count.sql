-- Partitions whose number of compacted detections is not what is written.
SELECT p.norder, p.npix, p.n_rows, coalesce(c.n, 0) AS n_found
FROM hpx_partition AS p
LEFT JOIN (
  SELECT q.key_lo, count(*) AS n
  FROM detection_cold AS d
  ASOF JOIN hpx_partition AS q ON d.skey >= q.key_lo
  GROUP BY q.key_lo
) AS c ON c.key_lo = p.key_lo
WHERE p.n_rows <> coalesce(c.n, 0)
ORDER BY p.key_lo;
