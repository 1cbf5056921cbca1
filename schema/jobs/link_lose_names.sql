-- Take a name away from objects around, where a due one is nearer to its star.
-- needs temp tables link_due, link_name, link_contender
UPDATE object
SET vsx_name = NULL
WHERE vsx_name IN (SELECT name FROM link_name)
  AND object_id IN (SELECT object_id FROM link_contender)
  AND object_id NOT IN (SELECT object_id FROM link_due);
