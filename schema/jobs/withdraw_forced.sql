-- Take away the forced fluxes of targets in frames that are measured again: they are made anew, as the targets ask for them.
-- $frame_ids  INTEGER[]
DELETE FROM forced
WHERE target_id IS NOT NULL AND frame_id IN (SELECT unnest($frame_ids::INTEGER[]));
