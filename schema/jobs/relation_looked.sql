-- The stars whose flags are decided anew: the touched ones and those beside them, now or before.
-- needs temp tables rel_touched, rel_pair
CREATE OR REPLACE TEMP TABLE rel_looked AS
SELECT object_id FROM rel_touched
UNION
SELECT object_id FROM rel_pair
UNION
SELECT other_id FROM object_relation WHERE object_id IN (SELECT object_id FROM rel_touched);
