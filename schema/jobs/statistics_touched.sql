-- The objects to count anew: those in frames that changed, went, or came to a night that was counted; and those whose
-- detections are no longer the ones that were counted (associated anew, withdrawn, flagged).
-- needs stat_news, stat_frame
CREATE OR REPLACE TEMP TABLE stat_touched AS
WITH stored AS (
  SELECT object_id, sum(stamp) AS stamp
  FROM object_band
  GROUP BY object_id
),
present AS (
  SELECT d.object_id, sum((d.frame_id::BIGINT * 2654435761 % 4294967296 + d.flags)::DOUBLE) AS stamp
  FROM detection AS d
  WHERE d.object_id IS NOT NULL AND d.frame_id IN (SELECT frame_id FROM statistics_frame)
  GROUP BY d.object_id
)
SELECT coalesce(s.object_id, p.object_id) AS object_id
FROM stored AS s
FULL JOIN present AS p ON p.object_id = s.object_id
WHERE s.stamp IS DISTINCT FROM p.stamp
UNION
SELECT object_id
FROM detection
WHERE object_id IS NOT NULL AND frame_id IN (SELECT frame_id FROM stat_news WHERE what <> 'new');
