-- The frames that a calibration gives a zero point, and whether stars were kept back in their system.
-- $cal_id     INTEGER
-- $frame_ids  INTEGER[]  only these; NULL: all
-- $detectors  VARCHAR[]  systems that keep stars back: their detectors,
-- $bands      VARCHAR[]  and their bands
CREATE OR REPLACE TEMP TABLE version_frame AS
WITH held AS (
  SELECT unnest($detectors::VARCHAR[]) AS detector, unnest($bands::VARCHAR[]) AS band, true AS holds
)
SELECT
  z.frame_id, f.detector, f.band, f.width, f.height, z.catalog, z.ref_band, z.ref_path, z.colour,
  coalesce(h.holds, false) AS holds
FROM zeropoint AS z
JOIN frame AS f ON f.frame_id = z.frame_id
LEFT JOIN held AS h ON h.detector IS NOT DISTINCT FROM f.detector AND h.band IS NOT DISTINCT FROM f.band
WHERE z.cal_id = $cal_id AND z.aperture_id = 0 AND z.zp IS NOT NULL AND z.mag_system <> 'instrumental'
  AND ($frame_ids::INTEGER[] IS NULL OR z.frame_id IN (SELECT unnest($frame_ids::INTEGER[])))
ORDER BY z.frame_id;
