-- Objects near a position, nearest first, and how far a detection of each may lie from it to be its own.
-- $ra      DOUBLE   deg
-- $dec     DOUBLE   deg
-- $radius  DOUBLE   arcsec
WITH near AS MATERIALIZED (
  SELECT object_id, name, ra, dec, n_detections, separation_arcsec
  FROM cone($ra::DOUBLE, $dec::DOUBLE, $radius::DOUBLE)
  ORDER BY separation_arcsec, object_id
  LIMIT 10
)
SELECT
  n.object_id,
  n.name,
  n.ra,
  n.dec,
  n.n_detections,
  n.separation_arcsec,
  max(f.match_radius_arcsec) AS match_radius_arcsec
FROM near AS n
LEFT JOIN detection AS d ON d.object_id = n.object_id
LEFT JOIN frame AS f ON f.frame_id = d.frame_id
GROUP BY ALL
ORDER BY n.separation_arcsec, n.object_id;
