-- Take away the positions of a target in single frames.
-- $target_id  INTEGER
DELETE FROM target_position
WHERE target_id = $target_id;
