-- Take away the magnitudes of the stars that are replaced.
-- $catalog  VARCHAR
DELETE FROM refmag
WHERE catalog = $catalog AND source_id IN (SELECT source_id FROM replaced_star);
