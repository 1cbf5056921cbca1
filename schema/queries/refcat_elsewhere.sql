-- Those of some cells in which other catalogues have at least a few stars.
-- $catalog  VARCHAR   the catalogue that is asked for
-- $shift    INTEGER   2 * (29 - order of the cells)
-- $cells    BIGINT[]
-- $least    INTEGER
SELECT hpx >> $shift AS npix
FROM refstar
WHERE catalog <> $catalog AND (hpx >> $shift) IN (SELECT unnest($cells))
GROUP BY npix
HAVING count(*) >= $least
ORDER BY npix;
