-- Append new objects.
-- needs newborn, with the columns of object it gives
INSERT INTO object BY NAME
SELECT *
FROM newborn
ORDER BY object_id;
