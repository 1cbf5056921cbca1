-- Objects whose star went to another: without one, and due again.
-- needs temp tables link_due, link_loser
UPDATE object
SET ref_catalog = NULL, ref_source_id = NULL, linked_run_id = NULL
WHERE object_id IN (SELECT object_id FROM link_loser WHERE object_id NOT IN (SELECT object_id FROM link_due));
