-- Partitions whose ranges overlap or leave a gap.
SELECT before.norder, before.npix, before.key_hi, after.key_lo
FROM (SELECT *, lead(key_lo) OVER (ORDER BY key_lo) AS next_lo FROM hpx_partition) AS before
JOIN hpx_partition AS after ON after.key_lo = before.next_lo
WHERE before.key_hi <> after.key_lo
ORDER BY before.key_lo;
