-- Take a target away.
-- $target_id  INTEGER
DELETE FROM target
WHERE target_id = $target_id;
