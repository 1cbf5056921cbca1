-- Files that share a path.
SELECT path, count(*) AS n_file
FROM file
GROUP BY path
HAVING count(*) > 1
ORDER BY path;
