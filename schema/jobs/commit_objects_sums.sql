-- Present mean positions of the objects that have detections tonight, or had some in frames measured again.
-- needs touched(object_id)
SELECT o.object_id, o.ux, o.uy, o.uz, o.epoch, o.n_detections
FROM object AS o
JOIN touched AS t ON t.object_id = o.object_id
ORDER BY o.object_id;
