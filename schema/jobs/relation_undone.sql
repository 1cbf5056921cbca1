-- Forget frames that were measured again, or are no more.
DELETE FROM related_frame
WHERE NOT EXISTS (FROM frame AS f WHERE f.frame_id = related_frame.frame_id AND f.run_id = related_frame.run_id);
