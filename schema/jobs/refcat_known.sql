-- How many of the stars that are replaced are there.
-- $catalog  VARCHAR
SELECT count(*)
FROM refstar
WHERE catalog = $catalog AND source_id IN (SELECT source_id FROM replaced_star);
