-- The objects of these detections, and whether they last: a reference star, or seen for longer than a body stays within
-- reach of one place, or seen in other nights as often as no chance is.
-- needs mover_detection
-- $hours  DOUBLE  h; no body stays for longer
-- $often  DOUBLE  detections in other nights
CREATE OR REPLACE TEMP TABLE mover_object AS
WITH tonight AS (
  SELECT object_id, count(*) AS n, 24 * (max(mjd_mid) - min(mjd_mid)) AS hours
  FROM mover_detection
  WHERE object_id IS NOT NULL
  GROUP BY object_id
)
SELECT
  t.object_id, t.n, o.ra, o.dec, o.kind,
  o.kind <> 'moving' AND (o.ref_source_id IS NOT NULL OR t.hours > $hours OR o.n_detections - t.n >= $often) AS is_lasting
FROM tonight AS t
JOIN object AS o ON o.object_id = t.object_id;
