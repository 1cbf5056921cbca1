-- The work list: which aperture is still to be measured at which place in which frame.
--
-- A frame sees a place when they share a HEALPix cell of frame_cover and its outline holds the place, moved to its date.
-- A place that moves is put into every cell of its way, a step an arcsecond, from the first frame to the last. What a frame
-- has already is not asked for again: a flux, recentred or not as it is wanted, or the reason that its pixels gave for there
-- being none (then x is known); frames that could not be read are tried again.
-- $again  BOOLEAN  measure what is there too
-- needs forced_place, forced_path, forced_frame, given_asked(wanted, aperture_id)
CREATE OR REPLACE TEMP TABLE forced_todo AS
WITH way AS (
  SELECT
    place, ux, uy, uz, vx, vy, vz, t0 - epoch AS dt0, t1 - t0 AS years,
    ceil(sqrt(vx * vx + vy * vy + vz * vz) * (t1 - t0) * 206264.8)::INTEGER AS steps
  FROM forced_place, (SELECT min(year) AS t0, max(year) AS t1 FROM forced_frame)
),
stop AS (
  SELECT
    place, ux + vx * t AS x, uy + vy * t AS y, uz + vz * t AS z
  FROM (SELECT *, dt0 + years * unnest(range(steps + 1)) / greatest(steps, 1) AS t FROM way)
),
cell AS MATERIALIZED (
  SELECT DISTINCT place, healpix_cell(degrees(atan2(y, x)), degrees(atan2(z, sqrt(x * x + y * y))), 10) AS cell
  FROM stop
),
sought AS MATERIALIZED (
  SELECT place, 10 AS norder, cell, count(*) OVER (PARTITION BY place) = 1 AS is_only FROM cell
  UNION ALL
  SELECT place, 7, cell, count(*) OVER (PARTITION BY place) = 1 FROM (SELECT DISTINCT place, cell >> 6 AS cell FROM cell)
),
touching AS (
  SELECT s.place, c.frame_id, s.is_only
  FROM sought AS s
  JOIN frame_cover AS c ON c.norder = s.norder AND c.cell = s.cell
),
pair AS (
  SELECT place, frame_id FROM touching WHERE is_only
  UNION ALL
  SELECT DISTINCT place, frame_id FROM touching WHERE NOT is_only
),
placed AS (
  SELECT
    p.place, p.wanted, f.frame_id,
    p.ux + p.vx * (f.year - p.epoch) AS x, p.uy + p.vy * (f.year - p.epoch) AS y, p.uz + p.vz * (f.year - p.epoch) AS z,
    f.* EXCLUDE (frame_id)
  FROM pair AS t
  JOIN forced_frame AS f ON f.frame_id = t.frame_id
  JOIN forced_place AS p ON p.place = t.place
  UNION ALL
  SELECT p.place, p.wanted, f.frame_id, p.ux, p.uy, p.uz, f.* EXCLUDE (frame_id)
  FROM forced_path AS p
  JOIN forced_frame AS f ON f.frame_id = p.frame_id
),
inside AS (
  SELECT place, wanted, frame_id
  FROM placed
  WHERE CASE
    WHEN n1x IS NOT NULL THEN
      n1x * x + n1y * y + n1z * z > 0 AND n2x * x + n2y * y + n2z * z > 0
      AND n3x * x + n3y * y + n3z * z > 0 AND n4x * x + n4y * y + n4z * z > 0
    ELSE
      outline_holds(corner_ra, corner_dec, degrees(atan2(y, x)), degrees(atan2(z, sqrt(x * x + y * y))))
  END
),
known AS (
  SELECT place, target_id, object_id, is_recentred FROM forced_place
  UNION ALL
  SELECT DISTINCT place, target_id, NULL, is_recentred FROM forced_path
),
there AS (
  SELECT frame_id, aperture_id, target_id, object_id, reason IS NOT NULL AS has_reason, shift_ra IS NOT NULL AS is_recentred
  FROM forced
  WHERE NOT $again::BOOLEAN AND (reason IS NULL OR x IS NOT NULL)
),
done AS (
  SELECT k.place, t.frame_id, t.aperture_id
  FROM there AS t
  JOIN known AS k ON k.target_id = t.target_id
  WHERE t.is_recentred = k.is_recentred OR t.has_reason
  UNION ALL
  SELECT k.place, t.frame_id, t.aperture_id
  FROM there AS t
  JOIN known AS k ON k.object_id = t.object_id
  WHERE t.target_id IS NULL AND k.target_id IS NULL AND (t.is_recentred = k.is_recentred OR t.has_reason)
)
SELECT i.frame_id, i.place, a.aperture_id
FROM inside AS i
JOIN given_asked AS a ON a.wanted = i.wanted
ANTI JOIN done AS d ON d.frame_id = i.frame_id AND d.place = i.place AND d.aperture_id = a.aperture_id;
