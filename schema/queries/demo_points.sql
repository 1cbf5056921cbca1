-- Every detection with its frame and object, calibrated as it is now: what a simulation's truth is compared with.
SELECT
  f.path,
  l.object_id,
  o.ra,
  o.dec,
  l.mjd_mid,
  l.mag,
  l.mag_err,
  l.flux,
  l.flux_err,
  l.zp,
  l.zp_err,
  l.flags
FROM lightcurve AS l
JOIN frame AS f ON f.frame_id = l.frame_id
JOIN object AS o ON o.object_id = l.object_id
WHERE l.kind = 'detected'
ORDER BY l.mjd_mid, l.object_id;
