-- Why a star has no flux in an aperture in frames that were measured (x is NULL in the others), the most frequent reason first, and in how many frames.
-- $object_id    BIGINT   NULL: none
-- $target_id    INTEGER  NULL: none
-- $aperture_id  INTEGER
SELECT split_part(reason, ':', 1) AS why, count(DISTINCT frame_id) AS n
FROM forced
WHERE aperture_id = $aperture_id::INTEGER AND flux IS NULL AND reason IS NOT NULL AND x IS NOT NULL
  AND (target_id = $target_id::INTEGER OR object_id = $object_id::BIGINT)
GROUP BY ALL
ORDER BY n DESC, why;
