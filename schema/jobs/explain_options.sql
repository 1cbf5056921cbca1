-- What a frame could have been calibrated with: how many stars of each catalogue, band and path there were, and how many
-- passed all cuts (those kept back are not counted).
-- $frame_id  INTEGER
SELECT
  catalog, band, path, count(*)::INTEGER AS n_candidate, (count(*) FILTER (cut IS NULL AND NOT is_held))::INTEGER AS n_star
FROM zp_pair
WHERE frame_id = $frame_id AND catalog IS NOT NULL
GROUP BY catalog, band, path
ORDER BY n_star DESC, catalog, band, path;
