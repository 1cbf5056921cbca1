-- How many frames that were looked at are no more: measured again in vain.
SELECT count(*)
FROM related_frame
WHERE frame_id NOT IN (SELECT frame_id FROM frame WHERE state = 'ok');
