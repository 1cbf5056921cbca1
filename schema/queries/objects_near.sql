-- Objects in a box on the unit sphere with their typical flux: what rough frames are registered to.
-- $x0 $x1 $y0 $y1 $z0 $z1  DOUBLE  the box, unit vectors
SELECT o.ra, o.dec, median(d.flux) AS flux
FROM object AS o
JOIN detection AS d ON d.object_id = o.object_id
WHERE o.ux BETWEEN $x0 AND $x1 AND o.uy BETWEEN $y0 AND $y1 AND o.uz BETWEEN $z0 AND $z1 AND d.flux > 0 AND o.n_detections > 1
GROUP BY o.object_id, o.ra, o.dec
ORDER BY flux DESC, o.object_id;
