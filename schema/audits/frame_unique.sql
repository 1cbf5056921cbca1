-- Frames that share a file and an extension.
SELECT file_id, hdu, count(*) AS n_frame
FROM frame
GROUP BY file_id, hdu
HAVING count(*) > 1
ORDER BY file_id, hdu;
