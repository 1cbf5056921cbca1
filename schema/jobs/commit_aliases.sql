-- Append ids that are out of use, and where they lead.
-- needs given_aliases(old_id, object_id, run_id)
INSERT INTO object_alias BY NAME
FROM given_aliases
ORDER BY old_id;
