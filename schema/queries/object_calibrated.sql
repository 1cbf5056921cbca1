-- In how many frames an object was measured, how many of these have a zero point, and how many frames have a forced flux of it or
-- of a target.
-- $object_id  BIGINT    NULL: none
-- $target_id  INTEGER   NULL: none
WITH own AS (
  SELECT frame_id
  FROM forced
  WHERE object_id = $object_id::BIGINT AND reason IS NULL
  UNION
  SELECT frame_id
  FROM forced
  WHERE target_id = $target_id::INTEGER AND reason IS NULL
),
any_way AS (
  SELECT frame_id
  FROM detection_point
  WHERE object_id = $object_id::BIGINT
  UNION
  SELECT frame_id
  FROM own
)
SELECT count(*) AS n_frame, count(z.zp) AS n_calibrated, (SELECT count(*) FROM own) AS n_forced
FROM any_way AS d
LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0;
