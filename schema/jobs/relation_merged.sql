-- The detections among the suspect ones that hold the light of two stars. The other star is missed where it gives at
-- least $share of the light of the one, and would have been seen there by itself: at $snr times the noise of the one or
-- more. How bright it is, the frames that have both say; where none has, its own detections.
-- $share  DOUBLE
-- $snr    DOUBLE
-- needs temp tables rel_suspect, rel_seen
CREATE OR REPLACE TEMP TABLE rel_merged AS
WITH pair AS (SELECT DISTINCT object_id, other_id FROM rel_suspect),
own AS (SELECT object_id, median(flux) AS flux FROM rel_seen GROUP BY object_id),
light AS (
  SELECT p.object_id, p.other_id, median(b.flux / a.flux) AS share
  FROM pair AS p
  JOIN rel_seen AS a ON a.object_id = p.object_id
  JOIN rel_seen AS b ON b.object_id = p.other_id AND b.frame_id = a.frame_id
  WHERE a.flux > 0 AND b.flux IS NOT NULL
  GROUP BY p.object_id, p.other_id
)
SELECT s.object_id, s.other_id, s.frame_id
FROM rel_suspect AS s
JOIN rel_seen AS a ON a.object_id = s.object_id AND a.frame_id = s.frame_id
LEFT JOIN light AS l ON l.object_id = s.object_id AND l.other_id = s.other_id
LEFT JOIN own AS o ON o.object_id = s.other_id
WHERE coalesce(l.share, 1) >= $share
  AND coalesce(coalesce(l.share * a.flux, o.flux) >= $snr * a.flux_err, true);
