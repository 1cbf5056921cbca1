-- The target of a name, whatever its case and blanks.
-- $called  VARCHAR
SELECT target_id, name, ra, dec, epoch, pm_ra, pm_dec
FROM target
WHERE lower(replace(name, ' ', '')) = lower(replace($called::VARCHAR, ' ', ''))
ORDER BY target_id
LIMIT 1;
