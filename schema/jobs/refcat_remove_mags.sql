-- Take away the magnitudes of the stars that arrive: a star is replaced whole.
-- $catalog  VARCHAR
DELETE FROM refmag
WHERE catalog = $catalog AND source_id IN (SELECT source_id FROM incoming_star);
