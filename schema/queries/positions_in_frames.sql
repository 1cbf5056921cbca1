-- The frames that files of positions name, with the place of the target in each: of several frames whose files have one name
-- those nearest in time, and none that is half a day or more from what the file says.
-- $targets  INTEGER[]  of these targets; NULL: of all
WITH position AS (
  SELECT target_id, file_stem(frame_name) AS stem, mjd AS said_mjd, ra, dec
  FROM target_position
  WHERE $targets::INTEGER[] IS NULL OR target_id IN (SELECT unnest($targets::INTEGER[]))
),
named AS (
  SELECT p.*, f.frame_id, f.mjd_mid, abs(p.said_mjd - f.mjd_mid) AS apart
  FROM position AS p
  JOIN frame AS f ON file_stem(f.path) = p.stem
)
SELECT target_id, frame_id, mjd_mid, said_mjd, ra, dec
FROM named
WHERE apart < 0.5 OR apart IS NULL
QUALIFY apart IS NULL OR apart <= min(apart) OVER (PARTITION BY target_id, stem, said_mjd) + 1e-6
ORDER BY target_id, mjd_mid, frame_id;
