-- Objects keep their reference star when it gets the catalogue's own number.
-- $catalog  VARCHAR
UPDATE object
SET ref_source_id = replaced_star.new_id
FROM replaced_star
WHERE object.ref_catalog = $catalog
  AND object.ref_source_id = replaced_star.source_id
  AND replaced_star.new_id <> replaced_star.source_id;
