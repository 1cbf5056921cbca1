-- The objects that are due, with how far their star may be: the mean match radius of the frames they were seen in.
-- $otherwise_arcsec  DOUBLE  of objects without detections
-- needs temp table link_due(object_id)
CREATE OR REPLACE TEMP TABLE link_object AS
WITH seen AS (
  SELECT d.object_id, avg(f.match_radius_arcsec) AS reach_arcsec
  FROM detection AS d
  JOIN frame AS f ON f.frame_id = d.frame_id
  WHERE d.object_id IN (SELECT object_id FROM link_due)
  GROUP BY d.object_id
)
SELECT
  o.object_id, o.hpx, o.ux, o.uy, o.uz, o.epoch,
  coalesce(s.reach_arcsec, $otherwise_arcsec) AS reach_arcsec,
  ceil(log2(coalesce(s.reach_arcsec, $otherwise_arcsec)))::INTEGER AS class
FROM object AS o
JOIN link_due AS w ON w.object_id = o.object_id
LEFT JOIN seen AS s ON s.object_id = o.object_id;
