-- Write forced points of imported light curves: of stars that the files' detections made objects, in the number they had.
-- $run_id  INTEGER
-- needs given_forced(frame_id, object, ra, dec, x, y, flux, flux_err, noise, sky, flags)
INSERT INTO forced BY NAME
SELECT
  o.object_id AS skey,
  o.object_id,
  g.frame_id,
  0 AS aperture_id,
  'circle' AS method,
  g.ra,
  g.dec,
  g.x,
  g.y,
  g.flux,
  g.flux_err,
  g.noise,
  g.sky,
  g.flags,
  d.frame_id IS NOT NULL AS is_detected,
  $run_id::INTEGER AS run_id
FROM given_forced AS g
JOIN object AS o ON o.object_id = TRY_CAST(g.object AS BIGINT)
LEFT JOIN detection_point AS d ON d.object_id = o.object_id AND d.frame_id = g.frame_id
WHERE g.flux IS NOT NULL AND g.flux_err > 0 AND g.noise > 0
ORDER BY o.object_id, g.frame_id;
