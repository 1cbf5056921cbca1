-- How many of the stars that arrive are there already.
-- $catalog  VARCHAR
SELECT count(*)
FROM refstar
WHERE catalog = $catalog AND source_id IN (SELECT source_id FROM incoming_star);
