-- Let aliases of ids that go out of use lead where these lead.
-- needs given_aliases(old_id, object_id)
UPDATE object_alias
SET object_id = g.object_id
FROM given_aliases AS g
WHERE object_alias.object_id = g.old_id;
