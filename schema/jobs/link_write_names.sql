-- Write the names of the variable stars at the places of the due objects.
-- needs temp tables link_due, link_name
UPDATE object
SET vsx_name = n.name
FROM (SELECT w.object_id, m.name FROM link_due AS w LEFT JOIN link_name AS m ON m.object_id = w.object_id) AS n
WHERE object.object_id = n.object_id AND object.vsx_name IS DISTINCT FROM n.name;
