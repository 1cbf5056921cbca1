-- Stars whose pairs may be others than before, with the cell of order 10 that they are in: those that these frames cover
-- (how sharp frames are there has changed) or show, those whose detections changed hands since, and those beside an object
-- that is no more, or not seen any more. With $whole: all.
-- $whole  BOOLEAN
-- needs temp table rel_frame
CREATE OR REPLACE TEMP TABLE rel_touched AS
WITH covered AS (SELECT DISTINCT norder, cell FROM frame_cover WHERE frame_id IN (SELECT frame_id FROM rel_frame)),
event AS (SELECT object_id, other_id FROM object_event WHERE run_id >= (SELECT min(run_id) FROM rel_frame)),
named AS (
  SELECT object_id FROM detection WHERE frame_id IN (SELECT frame_id FROM rel_frame)
  UNION
  SELECT object_id FROM event
  UNION
  SELECT other_id FROM event
  UNION
  SELECT object_id FROM object_relation WHERE other_id NOT IN (SELECT object_id FROM object WHERE n_detections > 0)
)
SELECT o.object_id, o.ux, o.uy, o.uz, o.hpx >> 38 AS cell
FROM object AS o
WHERE coalesce(o.kind, 'star') = 'star' AND o.n_detections > 0
  AND (
    $whole::BOOLEAN
    OR o.hpx >> 38 IN (SELECT cell FROM covered WHERE norder = 10)
    OR o.hpx >> 44 IN (SELECT cell FROM covered WHERE norder = 7)
    OR o.object_id IN (SELECT object_id FROM named WHERE object_id IS NOT NULL)
  );
