-- Where each detection of an export is, in which cell of order 10 its object (or, without one, its sort key), and a digest of
-- all that its row is made from.
-- $orphans  BOOLEAN   those without an object too
SELECT
  d.skey, d.frame_id, d.ra, d.dec, coalesce(o.hpx, d.skey) >> 38 AS home, o.object_id IS NOT NULL AS has_object,
  hash(
    d.skey, d.frame_id, d.ra, d.dec, d.flux, d.flux_err, d.flags, d.flux_auto, d.aper_flux, f.digest, o.digest
  ) AS digest
FROM detection AS d
JOIN export_frame AS f ON f.frame_id = d.frame_id
LEFT JOIN export_object AS o ON o.object_id = d.object_id
WHERE o.object_id IS NOT NULL OR ($orphans::BOOLEAN AND d.object_id IS NULL);
