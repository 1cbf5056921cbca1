-- Detections by cell of order 12 (-1: without a place): those that are not compacted, and of some key ranges the others.
-- $wide_lo, $wide_hi  BIGINT[]  key ranges of partitions that may have to be split; empty: none
SELECT cell, sum(n_hot)::BIGINT AS n_hot, sum(n_cold)::BIGINT AS n_cold
FROM (
  SELECT skey >> 34 AS cell, count(*) AS n_hot, 0 AS n_cold
  FROM detection_hot
  GROUP BY 1
  UNION ALL
  SELECT skey >> 34, 0, count(*)
  FROM detection_cold
  JOIN (SELECT unnest($wide_lo::BIGINT[]) AS lo, unnest($wide_hi::BIGINT[]) AS hi) AS wide ON skey >= lo AND skey < hi
  GROUP BY 1
)
GROUP BY 1
ORDER BY 1;
