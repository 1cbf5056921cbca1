-- Keep what is asked of a target.
-- $target_id  INTEGER
-- $methods    VARCHAR[]
UPDATE target
SET methods = $methods::VARCHAR[]
WHERE target_id = $target_id::INTEGER;
