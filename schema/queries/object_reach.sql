-- How far a detection of each object may lie from it to be its own: the greatest match radius of its frames, arcsec.
-- $objects  BIGINT[]
WITH seen AS MATERIALIZED (
  SELECT DISTINCT object_id, frame_id
  FROM detection
  WHERE object_id IN (SELECT unnest($objects::BIGINT[]))
)
SELECT s.object_id, max(f.match_radius_arcsec) AS match_radius_arcsec
FROM seen AS s
JOIN frame AS f ON f.frame_id = s.frame_id
GROUP BY s.object_id;
