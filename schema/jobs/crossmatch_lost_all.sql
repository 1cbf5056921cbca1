-- Given objects that have no detection left.
-- needs given_stars(object_id)
SELECT object_id
FROM given_stars
WHERE object_id NOT IN (SELECT object_id FROM detection WHERE object_id IN (SELECT object_id FROM given_stars));
