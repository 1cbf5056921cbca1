-- Sums of the detections that stay, of objects seen in frames that are measured again.
-- needs withdrawn(object_id)
SELECT
  w.object_id,
  count(d.object_id) AS n,
  inexact(sum(exact(cos(radians(d.dec)) * cos(radians(d.ra))))) AS sx,
  inexact(sum(exact(cos(radians(d.dec)) * sin(radians(d.ra))))) AS sy,
  inexact(sum(exact(sin(radians(d.dec))))) AS sz,
  2000.0 * count(d.object_id) + inexact(sum(exact((f.mjd_mid - 51544.5) / 365.25))) AS st
FROM withdrawn AS w
LEFT JOIN (
  SELECT object_id, frame_id, ra, dec
  FROM detection
) AS d ON d.object_id = w.object_id
LEFT JOIN frame AS f ON f.frame_id = d.frame_id
GROUP BY w.object_id
ORDER BY w.object_id;
