-- A forced flux of no object is of nothing that was detected.
UPDATE forced
SET is_detected = false
WHERE object_id IS NULL AND is_detected;
