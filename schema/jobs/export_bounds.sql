-- Where to cut a partition between objects so that its pieces have about as many points as asked for.
-- $lo, $hi  BIGINT   order-29 cells, the last excluded
-- $most     BIGINT   points of a piece
WITH summed AS (
  SELECT hpx, (sum(n_detections) OVER (ORDER BY hpx, object_id) - 1) // $most::BIGINT AS piece
  FROM export_object
  WHERE hpx >= $lo::BIGINT AND hpx < $hi::BIGINT
)
SELECT min(hpx) AS start
FROM summed
WHERE piece > 0
GROUP BY piece
HAVING min(hpx) > $lo::BIGINT
ORDER BY start;
