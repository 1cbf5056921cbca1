-- How many candidates of a frame each cut has removed, catalogue by catalogue; cut NULL: used.
-- $frame_id  INTEGER
SELECT catalog, band, path, cut, count(*)::INTEGER AS n
FROM zp_pair
WHERE frame_id = $frame_id
GROUP BY ALL;
