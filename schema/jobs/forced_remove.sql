-- Take away the forced fluxes of a target.
-- $target_id  INTEGER
DELETE FROM forced
WHERE target_id = $target_id::INTEGER;
