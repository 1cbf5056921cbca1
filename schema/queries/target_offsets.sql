-- Targets that are measured beside their position or path.
SELECT target_id, coalesce(offset_ra, 0.0) AS east, coalesce(offset_dec, 0.0) AS north
FROM target
WHERE coalesce(offset_ra, 0.0) <> 0 OR coalesce(offset_dec, 0.0) <> 0
ORDER BY target_id;
