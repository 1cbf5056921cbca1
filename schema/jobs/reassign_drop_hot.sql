-- Take detections that change hands out of detection_hot.
-- needs given_moves(skey, frame_id)
DELETE FROM detection_hot
WHERE (skey, frame_id) IN (SELECT skey, frame_id FROM given_moves);
