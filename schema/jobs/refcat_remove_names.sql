-- Take away the names of the stars that are replaced.
-- $catalog  VARCHAR
DELETE FROM refname
WHERE catalog = $catalog AND source_id IN (SELECT source_id FROM replaced_star);
