-- The stars near tonight's detections, with what they are when these have joined; settled: nobody competes for them.
--
-- A star is settled when each detection near it is near no other star, no frame has two of them, those of its own grade are
-- linked to it and in its core, none is of a higher grade, and all that is known of its extent says that every detection it has stays
-- within reach of its new position. Distances are arcsec.
-- $gate  DOUBLE  largest part of its reach by which a star may drift before it is looked at again
-- needs pair, sought
CREATE OR REPLACE TEMP TABLE judged AS
WITH torn AS (
  SELECT rid
  FROM pair
  GROUP BY rid
  HAVING count(*) > 1
),
twice AS (
  SELECT object_id
  FROM pair
  GROUP BY object_id, frame_id
  HAVING count(*) > 1
),
contested AS (
  SELECT object_id FROM twice
  UNION
  SELECT object_id FROM pair WHERE rid IN (FROM torn)
),
summed AS (
  SELECT
    object_id,
    count(*) FILTER (above < 0 AND distance <= reach OR above = 0) AS n,
    count(*) FILTER (above = 0) AS n_position,
    inexact(sum(exact(ux)) FILTER (above = 0)) AS sx,
    inexact(sum(exact(uy)) FILTER (above = 0)) AS sy,
    inexact(sum(exact(uz)) FILTER (above = 0)) AS sz,
    inexact(sum(exact(year)) FILTER (above = 0)) AS years,
    coalesce(bool_or(above > 0 OR above IS NULL), false) AS is_better,
    max(distance) FILTER (above = 0) AS core,
    max(distance) FILTER (above < 0 AND distance <= reach OR above = 0) AS spread,
    min(reach - distance) FILTER (above < 0 AND distance <= reach OR above = 0) AS slack,
    min(distance - reach) FILTER (above < 0 AND distance > reach) AS far,
    min(reach) FILTER (above = 0) AS least,
    max(reach) FILTER (above < 0 AND distance <= reach OR above = 0) AS reach
  FROM pair
  GROUP BY object_id
),
meant AS (
  SELECT
    m.* EXCLUDE (spread, slack, reach, n_position),
    o.is_open, o.around,
    o.spread AS old_spread, o.slack AS old_slack, o.drift AS old_drift,
    o.ux AS ox, o.uy AS oy, o.uz AS oz,
    m.n_position AS n_linked,
    coalesce(o.n_position, 0) + m.n_position AS n_position,
    coalesce(m.spread, 0) AS spread,
    coalesce(m.slack, 1e9) AS slack,
    greatest(o.reach, coalesce(m.reach, 0)) AS reach,
    (o.n_position * o.ux + coalesce(sx, 0)) / greatest(coalesce(o.n_position, 0) + m.n_position, 1) AS mx,
    (o.n_position * o.uy + coalesce(sy, 0)) / greatest(coalesce(o.n_position, 0) + m.n_position, 1) AS my,
    (o.n_position * o.uz + coalesce(sz, 0)) / greatest(coalesce(o.n_position, 0) + m.n_position, 1) AS mz
  FROM summed AS m
  JOIN sought AS o ON o.object_id = m.object_id
),
normal AS (
  SELECT *, sqrt(mx ** 2 + my ** 2 + mz ** 2) AS length
  FROM meant
),
shifted AS (
  SELECT
    * EXCLUDE (mx, my, mz, length),
    mx / length AS ux, my / length AS uy, mz / length AS uz,
    sqrt((mx / length - ox) ** 2 + (my / length - oy) ** 2 + (mz / length - oz) ** 2) * 206264.80624709636 AS shift
  FROM normal
)
SELECT
  object_id, ux, uy, uz, n, n_position, coalesce(years, 0) AS years, n_linked, shift,
  greatest(old_spread, spread) + shift AS spread,
  least(old_slack, slack) - shift AS slack,
  old_drift + shift AS drift,
  reach,
  NOT is_open AND NOT is_better
  AND coalesce(core <= around AND core ** 2 + old_spread ** 2 <= least ** 2, true)
  AND least(old_slack, slack) - shift > 0
  AND coalesce(far > shift, true)
  AND old_drift + shift <= $gate * reach
  AND object_id NOT IN (FROM contested) AS is_settled
FROM shifted;
