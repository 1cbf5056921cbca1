-- Frames that hold up the new ones: of the same detector and band, calibrated relatively or by the global solution, the
-- latest first.
-- $most  INTEGER  at most so many a detector and band
CREATE OR REPLACE TEMP TABLE zp_history AS
SELECT
  f.frame_id, f.detector, f.band, z.catalog, z.ref_band, z.ref_path, z.zp, z.colour, z.colour_pivot, z.colour_term,
  z.zp_map, f.mjd_mid
FROM frame AS f
JOIN zeropoint_active AS z ON z.frame_id = f.frame_id AND z.aperture_id = 0
JOIN calibration AS c ON c.cal_id = z.cal_id
WHERE (z.mag_system = 'relative' OR c.method = 'ubercal') AND z.zp IS NOT NULL AND z.flag = 0 AND f.state = 'ok'
  AND f.frame_id NOT IN (SELECT frame_id FROM zp_frame)
  AND EXISTS (
    FROM zp_frame AS n WHERE n.detector IS NOT DISTINCT FROM f.detector AND n.band IS NOT DISTINCT FROM f.band
  )
QUALIFY dense_rank() OVER (PARTITION BY f.detector, f.band ORDER BY f.mjd_mid DESC, f.frame_id) <= $most;
