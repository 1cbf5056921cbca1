-- Stars of the catalogues of names that are called just so.
-- $names  VARCHAR[]
SELECT n.name, n.catalog, s.ra, s.dec, lower(replace(n.name, ' ', '')) AS plain
FROM refname AS n
JOIN refstar AS s ON s.catalog = n.catalog AND s.source_id = n.source_id
WHERE n.name IN (SELECT unnest($names::VARCHAR[]))
ORDER BY s.is_good DESC, n.catalog, n.source_id;
