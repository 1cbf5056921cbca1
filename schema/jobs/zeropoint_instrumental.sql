-- Frames left instrumental before, of the detectors and bands that are calibrated now: they may join this time.
-- $frame_ids  INTEGER[]  frames that are calibrated now
SELECT f.frame_id
FROM frame AS f
JOIN zeropoint_active AS z ON z.frame_id = f.frame_id AND z.aperture_id = 0
WHERE z.mag_system = 'instrumental' AND f.state = 'ok' AND f.wcs_kind IS NOT NULL
  AND f.frame_id NOT IN (SELECT unnest($frame_ids::INTEGER[]))
  AND EXISTS (
    FROM frame AS n
    WHERE n.frame_id IN (SELECT unnest($frame_ids::INTEGER[]))
      AND n.detector IS NOT DISTINCT FROM f.detector AND n.band IS NOT DISTINCT FROM f.band
  )
ORDER BY f.frame_id;
