-- Append the objects born tonight.
-- needs newborn(object_id, name, ref_catalog, ref_source_id, pm_ra, pm_dec, run_id)
INSERT INTO object BY NAME
SELECT
  n.object_id, n.name, n.hpx, n.ra, n.dec, n.ux, n.uy, n.uz, n.epoch,
  n.pm_ra, n.pm_dec, n.ref_catalog, n.ref_source_id, 0 AS n_detections, n.run_id
FROM newborn AS n
ORDER BY n.object_id;
