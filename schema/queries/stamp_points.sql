-- What was measured of an object or a target in each frame: the point of its light curve, and the shape of a forced aperture.
-- $object_id  BIGINT    NULL: none
-- $target_id  INTEGER   NULL: none
SELECT l.frame_id, l.kind, l.x, l.y, l.mag, l.mag_err, l.mag_system, l.flux, l.flux_err, f.method, f.a_px, f.b_px, f.theta
FROM lightcurve AS l
LEFT JOIN forced AS f
  ON f.frame_id = l.frame_id AND f.aperture_id = l.aperture_id AND f.x = l.x AND f.y = l.y AND l.kind = 'forced'
WHERE l.object_id = $object_id::BIGINT OR l.target_id = $target_id::INTEGER
ORDER BY l.frame_id, l.kind;
