-- A star and the names that it has.
-- $object_id  BIGINT
SELECT
  o.object_id, o.name, o.vsx_name, o.ra, o.dec, o.n_detections,
  (
    SELECT arg_min(t.name, separation_arcsec(t.ra, t.dec, o.ra, o.dec))
    FROM target AS t
    WHERE separation_arcsec(t.ra, t.dec, o.ra, o.dec) < 5
  ) AS target_name
FROM object AS o
WHERE o.object_id = $object_id::BIGINT;
