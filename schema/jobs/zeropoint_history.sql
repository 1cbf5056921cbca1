-- Frames that hold up a relative system: calibrated relatively before, same detector and band, the latest first.
-- $most  INTEGER  at most so many a detector and band
CREATE OR REPLACE TEMP TABLE zp_history AS
SELECT f.frame_id, f.detector, f.band, z.aperture_id, z.zp
FROM frame AS f
JOIN zeropoint_active AS z ON z.frame_id = f.frame_id
WHERE z.mag_system = 'relative' AND z.flag = 0 AND f.state = 'ok'
  AND f.frame_id NOT IN (SELECT frame_id FROM zp_frame)
  AND EXISTS (
    FROM zp_frame AS n WHERE n.detector IS NOT DISTINCT FROM f.detector AND n.band IS NOT DISTINCT FROM f.band
  )
QUALIFY dense_rank() OVER (PARTITION BY f.detector, f.band ORDER BY f.mjd_mid DESC, f.frame_id) <= $most;
