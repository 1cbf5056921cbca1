-- The stars of some objects that were measured in nearly all of a star's frames of a band, the most constant of its
-- brightness first.
-- $object_id  BIGINT     NULL: a target where none is
-- $frames     INTEGER[]  of such a target: its frames
-- $objects    BIGINT[]  the neighbours
-- $band       VARCHAR
-- $bad        INTEGER   flags that make a point of no use
WITH point AS MATERIALIZED (
  SELECT object_id, frame_id, mag
  FROM lightcurve
  WHERE object_id IN (SELECT unnest($objects::BIGINT[])) AND band = $band AND kind = 'detected' AND mag IS NOT NULL AND flags & $bad = 0
),
mine AS (
  SELECT frame_id, mag FROM point WHERE object_id = $object_id::BIGINT
  UNION ALL
  SELECT unnest($frames::INTEGER[]), NULL WHERE $object_id::BIGINT IS NULL
),
star AS (
  SELECT p.object_id, count(*) AS n, median(p.mag) AS mag, mad(p.mag) AS mad
  FROM point AS p
  WHERE p.object_id IS DISTINCT FROM $object_id::BIGINT AND p.frame_id IN (SELECT frame_id FROM mine)
  GROUP BY p.object_id
)
SELECT s.object_id, o.name, s.n, s.mag, 1.4826 * s.mad AS scatter
FROM star AS s
JOIN object AS o ON o.object_id = s.object_id
WHERE s.n >= 0.8 * (SELECT count(*) FROM mine) AND o.vsx_name IS NULL
ORDER BY abs(s.mag - (SELECT median(mag) FROM mine)) > 1.5, s.mad, s.object_id
LIMIT 1;
