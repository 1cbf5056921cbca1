-- The loose detections of one frame as objects to be: their ids are minus the detection's. One that is cut by the edge
-- is not where its star is, and only joins.
-- $frame_id  INTEGER
CREATE OR REPLACE TEMP TABLE sought AS
SELECT -rid AS object_id, ux, uy, uz
FROM loose
WHERE frame_id = $frame_id AND NOT is_cut;
