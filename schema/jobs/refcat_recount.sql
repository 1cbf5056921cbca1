-- Count again the stars of a catalogue's tiles of one order.
-- $catalog  VARCHAR
-- $norder   INTEGER
UPDATE refcat_tile
SET n_star = counted.n
FROM (
  SELECT t.npix, count(s.source_id) AS n
  FROM (SELECT npix FROM refcat_tile WHERE catalog = $catalog AND norder = $norder) AS t
  LEFT JOIN (SELECT source_id, hpx >> (2 * (29 - $norder)) AS npix FROM refstar WHERE catalog = $catalog) AS s
    ON s.npix = t.npix
  GROUP BY t.npix
) AS counted
WHERE refcat_tile.catalog = $catalog
  AND refcat_tile.norder = $norder
  AND refcat_tile.npix = counted.npix
  AND refcat_tile.n_star <> counted.n;
