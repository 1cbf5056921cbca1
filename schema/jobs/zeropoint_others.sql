-- The zero points that frames of the same detector, band and system have now: what a new one is compared with.
SELECT f.frame_id, f.night, f.detector, f.band, z.mag_system, z.catalog, z.ref_band, z.zp
FROM frame AS f
JOIN zeropoint_active AS z ON z.frame_id = f.frame_id AND z.aperture_id = 0
WHERE z.zp IS NOT NULL AND f.frame_id NOT IN (SELECT frame_id FROM zp_frame)
  AND EXISTS (
    FROM zp_frame AS n WHERE n.detector IS NOT DISTINCT FROM f.detector AND n.band IS NOT DISTINCT FROM f.band
  );
