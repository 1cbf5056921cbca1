-- Stored detections that change hands, as they are.
-- needs given_moves(skey, frame_id, old_id, object_id, new_skey): 0 is no object. A detection without one may have the key of an
-- object that was born in its cell.
CREATE OR REPLACE TEMP TABLE reassigned AS
SELECT g.new_skey AS skey, nullif(g.object_id, 0) AS object_id, d.* EXCLUDE (skey, object_id)
FROM detection AS d
JOIN given_moves AS g ON g.skey = d.skey AND g.frame_id = d.frame_id AND g.old_id = coalesce(d.object_id, 0);
