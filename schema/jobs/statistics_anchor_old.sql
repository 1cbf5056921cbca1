-- What the sums of each object are about: what they were about before.
-- needs stat_series
-- $keep  BOOLEAN  false: forget them
CREATE OR REPLACE TEMP TABLE stat_anchor AS
SELECT b.object_id, s.series, b.anchor
FROM object_band AS b
JOIN stat_series AS s
  ON s.band IS NOT DISTINCT FROM b.band AND s.mag_system = b.mag_system AND s.detector IS NOT DISTINCT FROM b.detector
WHERE b.anchor IS NOT NULL AND $keep::BOOLEAN
ORDER BY ALL;
