-- The loose detections of one frame as objects to be: their ids are minus the detection's.
-- $frame_id  INTEGER
CREATE OR REPLACE TEMP TABLE sought AS
SELECT -rid AS object_id, ux, uy, uz
FROM loose
WHERE frame_id = $frame_id;
