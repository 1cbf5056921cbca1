-- Cells of order 8 that due objects are in.
-- needs temp table link_object
SELECT DISTINCT hpx >> 42 AS cell
FROM link_object
ORDER BY cell;
