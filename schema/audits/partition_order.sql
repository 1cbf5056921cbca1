-- Partitions whose compacted detections are not sorted, so that a light curve lies in pieces.
SELECT p.norder, p.npix, count(*) AS n_step_back
FROM (
  SELECT skey, frame_id, lag(skey) OVER () AS skey_before, lag(frame_id) OVER () AS frame_before
  FROM detection_cold
) AS d
ASOF JOIN hpx_partition AS p ON d.skey >= p.key_lo
WHERE (d.skey, d.frame_id) < (d.skey_before, d.frame_before) AND d.skey_before < p.key_hi AND d.skey_before >= p.key_lo
GROUP BY p.norder, p.npix
ORDER BY p.norder, p.npix;
