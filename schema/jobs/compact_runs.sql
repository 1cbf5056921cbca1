-- Of each partition: its detections that are not compacted, and the sorted runs (nights) they lie in.
-- needs given_cells(cell, key_lo): the partition of each cell of order 12 with such detections
SELECT c.key_lo, sum(d.n)::BIGINT AS n_hot, count(DISTINCT (f.night, f.run_id)) AS n_runs
FROM (
  SELECT skey >> 34 AS cell, frame_id, count(*) AS n
  FROM detection_hot
  GROUP BY ALL
) AS d
JOIN given_cells AS c ON c.cell = d.cell
JOIN frame AS f ON f.frame_id = d.frame_id
GROUP BY c.key_lo
ORDER BY c.key_lo;
