-- Positions, counts and extents of objects from their stored detections; what withdraws detections calls for it.
-- is_contested: it was before, or is not linked as one group, or a detection is out of reach of the mean, or a frame has two.
-- $cut       INTEGER  bits of flags that say that a detection is not where its star is
-- $gate_snr  DOUBLE   a whole detection of this signal to noise is bright
-- needs given_stars(object_id)
WITH member AS (
  SELECT
    d.object_id, d.frame_id, f.match_radius_arcsec AS reach, (f.mjd_mid - 51544.5) / 365.25 AS year,
    cos(radians(d.dec)) * cos(radians(d.ra)) AS ux,
    cos(radians(d.dec)) * sin(radians(d.ra)) AS uy,
    sin(radians(d.dec)) AS uz,
    detection_grade(d, $cut, $gate_snr) AS grade
  FROM detection AS d
  JOIN frame AS f ON f.frame_id = d.frame_id
  WHERE d.object_id IN (SELECT object_id FROM given_stars) AND d.ra IS NOT NULL
),
graded AS (
  SELECT *, max(grade) OVER (PARTITION BY object_id) AS best
  FROM member
),
summed AS (
  SELECT
    object_id,
    max(grade) AS grade,
    count(*) AS n_detections,
    count(DISTINCT frame_id) AS n_frame,
    count(*) FILTER (grade = best) AS n_position,
    inexact(sum(exact(ux)) FILTER (grade = best)) AS sx,
    inexact(sum(exact(uy)) FILTER (grade = best)) AS sy,
    inexact(sum(exact(uz)) FILTER (grade = best)) AS sz,
    inexact(sum(exact(year)) FILTER (grade = best)) AS years,
    max(reach) AS reach
  FROM graded
  GROUP BY object_id
),
meant AS (
  SELECT
    * EXCLUDE (sx, sy, sz, years),
    sx / sqrt(sx ** 2 + sy ** 2 + sz ** 2) AS ux,
    sy / sqrt(sx ** 2 + sy ** 2 + sz ** 2) AS uy,
    sz / sqrt(sx ** 2 + sy ** 2 + sz ** 2) AS uz,
    2000 + years / n_position AS epoch
  FROM summed
),
apart AS (
  SELECT
    g.object_id, g.reach, g.grade = g.best AS is_founding,
    sqrt((g.ux - m.ux) ** 2 + (g.uy - m.uy) ** 2 + (g.uz - m.uz) ** 2) * 206264.80624709636 AS distance
  FROM graded AS g
  JOIN meant AS m ON m.object_id = g.object_id
),
extent AS (
  SELECT
    object_id,
    max(distance) AS spread,
    min(reach - distance) AS slack,
    min(reach - distance) FILTER (is_founding) AS apart,
    min(distance) FILTER (is_founding) AS core
  FROM apart
  GROUP BY object_id
)
SELECT
  m.object_id, m.ux, m.uy, m.uz, m.n_position, m.epoch, m.n_detections, m.grade, e.spread, e.slack, m.reach,
  0.0::DOUBLE AS drift,
  coalesce(o.is_contested, false)
  OR NOT (m.n_frame = m.n_detections AND e.slack >= 0 AND e.apart >= e.core) AS is_contested
FROM meant AS m
JOIN object AS o ON o.object_id = m.object_id
JOIN extent AS e ON e.object_id = m.object_id
ORDER BY m.object_id;
