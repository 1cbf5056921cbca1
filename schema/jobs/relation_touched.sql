-- Stars that were detected in these frames, with the cell of order 10 that they are in.
-- needs temp table rel_frame
CREATE OR REPLACE TEMP TABLE rel_touched AS
SELECT o.object_id, o.ux, o.uy, o.uz, o.hpx >> 38 AS cell
FROM object AS o
WHERE coalesce(o.kind, 'star') = 'star'
  AND o.object_id IN (SELECT object_id FROM detection WHERE frame_id IN (SELECT frame_id FROM rel_frame));
