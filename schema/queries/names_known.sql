-- Words that a name may have meant: targets, and what the frames' headers call their object.
SELECT DISTINCT 'target' AS source, name
FROM target
UNION ALL
SELECT DISTINCT 'header', object_name
FROM frame
WHERE object_name IS NOT NULL
ORDER BY ALL;
