-- The zero points to judge on the frames of version_frame: number 1 those of a calibration, number 2 those of another one
-- or those in use. Of two, only the frames that both calibrate. same_ref: all have the same reference magnitudes.
-- $first   INTEGER  calibration
-- $second  INTEGER  calibration; 0: those in use; NULL: there is no second
CREATE OR REPLACE TEMP TABLE version_zero AS
WITH found AS (
  SELECT 1 AS arm, z.*
  FROM zeropoint AS z
  WHERE z.cal_id = $first
  UNION ALL
  SELECT 2 AS arm, z.*
  FROM zeropoint AS z
  WHERE z.cal_id = $second::INTEGER
  UNION ALL
  SELECT 2 AS arm, z.*
  FROM zeropoint AS z
  JOIN frame_calibration AS c ON c.frame_id = z.frame_id AND c.cal_id = z.cal_id
  WHERE $second::INTEGER = 0
)
SELECT
  *,
  concat_ws('|', catalog, ref_band, ref_path) AS ref,
  min(ref) OVER frames = max(ref) OVER frames AND catalog IS NOT NULL AS same_ref
FROM found
WHERE aperture_id = 0 AND zp IS NOT NULL AND mag_system <> 'instrumental'
  AND frame_id IN (SELECT frame_id FROM version_frame)
WINDOW frames AS (PARTITION BY frame_id)
QUALIFY count(*) OVER frames = CASE WHEN $second::INTEGER IS NULL THEN 1 ELSE 2 END;
