-- Reference stars in some HEALPix cells with a representative magnitude: the first band of a list that the star has.
-- $lo $hi   BIGINT     range of hpx that holds the cells
-- $shift    INTEGER    2 * (29 - order of the cells)
-- $cells    BIGINT[]
-- $bands    VARCHAR[]  by preference
WITH star AS (
  SELECT catalog, source_id, ra, dec, epoch, pm_ra, pm_dec
  FROM refstar
  WHERE hpx BETWEEN $lo AND $hi AND (hpx >> $shift) IN (SELECT unnest($cells))
),
bright AS (
  SELECT m.catalog, m.source_id, arg_min(m.mag, coalesce(list_position($bands, m.band), 99)) AS mag
  FROM refmag AS m
  SEMI JOIN star AS s ON s.catalog = m.catalog AND s.source_id = m.source_id
  GROUP BY m.catalog, m.source_id
)
SELECT s.catalog, s.source_id, s.ra, s.dec, s.epoch, s.pm_ra, s.pm_dec, b.mag
FROM star AS s
LEFT JOIN bright AS b ON b.catalog = s.catalog AND b.source_id = s.source_id
ORDER BY s.catalog, b.mag, s.source_id;
