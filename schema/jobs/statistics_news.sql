-- What has become of the frames since statistics were last brought up to date: new (never counted, of nights and scales of
-- which nothing was counted yet), more (new, of a night that was counted), changed (another zero point, or measured again),
-- gone (no zero point any more, or no longer there).
-- needs stat_frame
CREATE OR REPLACE TEMP TABLE stat_news AS
WITH known AS (
  SELECT DISTINCT band, mag_system, detector, night
  FROM statistics_frame
)
SELECT
  coalesce(f.frame_id, s.frame_id) AS frame_id,
  CASE
    WHEN f.frame_id IS NULL THEN 'gone'
    WHEN s.frame_id IS NOT NULL THEN 'changed'
    WHEN k.night IS NOT NULL THEN 'more'
    ELSE 'new'
  END AS what
FROM stat_frame AS f
FULL JOIN statistics_frame AS s ON s.frame_id = f.frame_id
LEFT JOIN known AS k
  ON k.night = f.night AND k.band IS NOT DISTINCT FROM f.band AND k.mag_system = f.mag_system
    AND k.detector IS NOT DISTINCT FROM f.detector
WHERE f.frame_id IS NULL OR s.frame_id IS NULL OR s.run_id <> f.run_id OR s.cal_id <> f.cal_id OR s.zp <> f.zp
  OR s.zp_err IS DISTINCT FROM f.zp_err OR s.night <> f.night OR s.mag_system <> f.mag_system
  OR s.band IS DISTINCT FROM f.band OR s.detector IS DISTINCT FROM f.detector;
