-- The objects seen in the frames to calibrate, each with the largest reach of its frames.
CREATE OR REPLACE TEMP TABLE zp_object AS
WITH seen AS (
  SELECT d.object_id, max(f.reach_arcsec) AS reach_arcsec, count(*) AS n_frame
  FROM detection AS d
  JOIN zp_frame AS f ON f.frame_id = d.frame_id
  WHERE d.object_id IS NOT NULL
  GROUP BY d.object_id
)
SELECT o.object_id, o.hpx, o.ux, o.uy, o.uz, o.epoch, s.reach_arcsec, s.n_frame
FROM seen AS s
JOIN object AS o ON o.object_id = s.object_id;
