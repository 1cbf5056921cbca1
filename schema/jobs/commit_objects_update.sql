-- Write positions, counts and extents of objects.
-- needs moved(object_id, hpx, ra, dec, ux, uy, uz, epoch, n_detections, n_position, grade, spread, slack, reach, drift, is_contested)
UPDATE object
SET
  hpx = m.hpx, ra = m.ra, dec = m.dec, ux = m.ux, uy = m.uy, uz = m.uz, epoch = m.epoch,
  n_detections = m.n_detections, n_position = m.n_position, grade = m.grade, spread_arcsec = m.spread,
  slack_arcsec = m.slack, reach_arcsec = m.reach, drift_arcsec = m.drift, is_contested = m.is_contested
FROM moved AS m
WHERE object.object_id = m.object_id;
