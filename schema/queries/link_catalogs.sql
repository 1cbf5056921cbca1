-- Catalogues that reference stars are of.
SELECT DISTINCT catalog
FROM refcat_tile
UNION
SELECT DISTINCT catalog
FROM refstar
ORDER BY catalog;
