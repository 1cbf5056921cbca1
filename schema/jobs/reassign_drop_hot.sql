-- Take detections that change hands out of detection_hot.
-- needs given_moves(skey, frame_id, old_id)
DELETE FROM detection_hot
WHERE (skey, frame_id, coalesce(object_id, 0)) IN (SELECT (skey, frame_id, old_id) FROM given_moves);
