-- Take away the forced fluxes of frames that are measured again: they are made anew, as their targets ask for them.
-- $frame_ids  INTEGER[]
DELETE FROM forced
WHERE frame_id IN (SELECT unnest($frame_ids::INTEGER[]));
