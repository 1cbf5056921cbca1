-- The detections among the suspect ones that hold the light of two stars. A star that gives less than $share of the light
-- of the other, where both are detected, is not missed; where no frame has both, nobody knows.
-- $share  DOUBLE
-- needs temp table rel_suspect
CREATE OR REPLACE TEMP TABLE rel_merged AS
WITH pair AS (SELECT DISTINCT object_id, other_id FROM rel_suspect),
seen AS (
  SELECT object_id, frame_id, flux
  FROM detection
  WHERE object_id IN (SELECT object_id FROM pair UNION SELECT other_id FROM pair)
),
light AS (
  SELECT p.object_id, p.other_id, median(b.flux / a.flux) AS share
  FROM pair AS p
  JOIN seen AS a ON a.object_id = p.object_id
  JOIN seen AS b ON b.object_id = p.other_id AND b.frame_id = a.frame_id
  WHERE a.flux > 0 AND b.flux IS NOT NULL
  GROUP BY p.object_id, p.other_id
)
SELECT s.object_id, s.other_id, s.frame_id
FROM rel_suspect AS s
LEFT JOIN light AS l ON l.object_id = s.object_id AND l.other_id = s.other_id
WHERE coalesce(l.share, 1) >= $share;
