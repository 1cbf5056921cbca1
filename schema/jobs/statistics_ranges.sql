-- Ranges of object_id whose light curves have about so many points together.
-- $size  BIGINT
SELECT min(object_id) AS low, max(object_id) AS high
FROM (
  SELECT object_id, (sum(n_point) OVER (ORDER BY object_id) // $size::BIGINT)::BIGINT AS part
  FROM (SELECT object_id, sum(n_point)::BIGINT AS n_point FROM object_band GROUP BY object_id) AS counts
) AS parts
GROUP BY part
ORDER BY low;
