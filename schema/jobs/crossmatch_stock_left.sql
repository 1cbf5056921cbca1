-- Order-6 cells of detections that belong to no object, and how many are in each.
SELECT skey >> 46 AS cell, count(*) AS n
FROM detection
WHERE object_id IS NULL AND ra IS NOT NULL
GROUP BY cell
ORDER BY cell;
