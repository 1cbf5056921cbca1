-- How many objects of an export lie in each cell of order 10, and their digest.
SELECT hpx >> 38 AS cell, count(*) AS n, bit_xor(digest) AS digest
FROM export_object
GROUP BY cell
ORDER BY cell;
