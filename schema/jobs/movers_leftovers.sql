-- Detections of no object that lasts, with a magnitude (without a zero point the instrumental one).
-- needs mover_detection, mover_object
-- $min_snr  DOUBLE
-- $bad      INTEGER  flags of detections that are no body
SELECT
  d.frame_id, d.object_id, d.ra, d.dec, d.x, d.y, d.flux / d.flux_err AS snr,
  flux_to_mag(d.flux, coalesce(zp_here(z, d.flux, d.x, d.y, f.width, f.height), 0.0)) AS mag, mag_error(d.flux, d.flux_err) AS mag_err
FROM mover_detection AS d
JOIN frame AS f ON f.frame_id = d.frame_id
LEFT JOIN mover_object AS o ON o.object_id = d.object_id
LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0
WHERE (o.object_id IS NULL OR (NOT o.is_lasting AND o.kind <> 'moving'))
  AND d.flux_err > 0 AND d.flux >= $min_snr::DOUBLE * d.flux_err AND d.flags & $bad::INTEGER = 0
ORDER BY d.mjd_mid, d.frame_id, d.ra;
