-- The name of a target if it moves; no row: it stands still.
-- $target_id  INTEGER
SELECT t.name
FROM target AS t
JOIN target_kind AS k ON k.target_id = t.target_id AND k.kind = 'moving'
WHERE t.target_id = $target_id::INTEGER;
