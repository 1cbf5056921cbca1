-- Magnitudes of reference stars that are not there.
SELECT m.catalog, m.source_id, count(*) AS n_magnitude
FROM refmag AS m
ANTI JOIN refstar AS s ON s.catalog = m.catalog AND s.source_id = m.source_id
GROUP BY m.catalog, m.source_id
ORDER BY m.catalog, m.source_id;
