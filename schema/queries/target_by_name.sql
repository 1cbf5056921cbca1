-- The target of a name, whatever its case, blanks and underscores.
-- $called  VARCHAR
SELECT t.target_id, t.name, t.ra, t.dec, t.epoch, t.pm_ra, t.pm_dec, t.designation, k.kind = 'moving' AS is_moving
FROM target AS t
JOIN target_kind AS k ON k.target_id = t.target_id
WHERE plain_name(t.name) = plain_name($called::VARCHAR)
ORDER BY t.target_id
LIMIT 1;
