-- Take away the stars that are replaced: a star is replaced whole.
-- $catalog  VARCHAR
DELETE FROM refstar
WHERE catalog = $catalog AND source_id IN (SELECT source_id FROM replaced_star);
