-- Stars of a catalogue in some cells that may be those that arrived under another number.
-- $catalog   VARCHAR
-- $shift     INTEGER   2 * (29 - order of the cells)
-- $cells     BIGINT[]
-- $nameless  BOOLEAN   only those without a number of the catalogue's own
SELECT source_id, hpx, ra, dec, epoch, pm_ra, pm_dec
FROM refstar
WHERE catalog = $catalog
  AND (hpx >> $shift) IN (SELECT unnest($cells))
  AND (source_id = hpx OR NOT $nameless)
ORDER BY hpx, source_id;
