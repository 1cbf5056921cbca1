-- Write new mean positions and counts of objects.
-- needs moved(object_id, hpx, ra, dec, ux, uy, uz, epoch, n_detections)
UPDATE object
SET hpx = m.hpx, ra = m.ra, dec = m.dec, ux = m.ux, uy = m.uy, uz = m.uz, epoch = m.epoch, n_detections = m.n_detections
FROM moved AS m
WHERE object.object_id = m.object_id;
