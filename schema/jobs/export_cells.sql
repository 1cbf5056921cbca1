-- How many objects of an export lie in each cell of order 10, and how many detections they have.
SELECT hpx >> 38 AS cell, count(*)::BIGINT AS n_object, sum(greatest(n_detections, 1))::BIGINT AS n_detection
FROM export_object
GROUP BY cell
ORDER BY cell;
