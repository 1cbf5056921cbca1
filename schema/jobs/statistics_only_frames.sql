-- Leave the statistics only some frames.
-- $frame_ids  INTEGER[]
DELETE FROM stat_frame
WHERE frame_id NOT IN (SELECT unnest($frame_ids::INTEGER[]));
