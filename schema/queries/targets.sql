-- Every target, in the order of their names.
SELECT target_id, name, ra, dec, epoch, pm_ra, pm_dec, added
FROM target
ORDER BY lower(name), target_id;
