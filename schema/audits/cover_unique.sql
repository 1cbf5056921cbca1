-- Cells given twice for one frame.
SELECT frame_id, norder, cell, count(*) AS n_row
FROM frame_cover
GROUP BY frame_id, norder, cell
HAVING count(*) > 1
ORDER BY frame_id, norder, cell;
