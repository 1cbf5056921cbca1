-- The blends of the stars that are looked at. What stands beside a touched star has blends of its own with stars that are
-- not touched: those are known.
-- needs temp tables rel_looked, rel_touched, rel_pair
CREATE OR REPLACE TEMP TABLE rel_blend AS
SELECT object_id, other_id, separation
FROM rel_pair
WHERE kind = 'blend'
UNION ALL
SELECT object_id, other_id, separation_arcsec AS separation
FROM object_relation
WHERE kind = 'blend'
  AND object_id IN (SELECT object_id FROM rel_looked)
  AND object_id NOT IN (SELECT object_id FROM rel_touched)
  AND other_id NOT IN (SELECT object_id FROM rel_touched);
