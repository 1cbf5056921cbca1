-- How many good stars a catalogue has in some cells, by band.
-- $catalog  VARCHAR   NULL: of each catalogue
-- $shift    INTEGER   2 * (29 - order of the cells)
-- $cells    BIGINT[]
SELECT m.catalog, m.band, count(*) AS n_good
FROM refstar AS s
JOIN refmag AS m ON m.catalog = s.catalog AND m.source_id = s.source_id
WHERE ($catalog IS NULL OR s.catalog = $catalog)
  AND (s.hpx >> $shift) IN (SELECT unnest($cells))
  AND s.is_good AND m.is_good
GROUP BY m.catalog, m.band
ORDER BY m.catalog, m.band;
