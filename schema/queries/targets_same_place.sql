-- The other targets that stand still at the place of one, each at the epoch of that.
-- $target_id  INTEGER
-- $radius     DOUBLE   arcsec
WITH mine AS (SELECT * FROM target WHERE target_id = $target_id::INTEGER)
SELECT o.target_id
FROM target AS o
JOIN target_kind AS k ON k.target_id = o.target_id AND k.kind = 'fixed'
JOIN mine AS m ON m.target_id <> o.target_id
WHERE separation_arcsec(
  o.ra + (m.epoch - o.epoch) * coalesce(o.pm_ra, 0) / 3.6e6 / cos(radians(o.dec)),
  o.dec + (m.epoch - o.epoch) * coalesce(o.pm_dec, 0) / 3.6e6,
  m.ra,
  m.dec
) <= $radius::DOUBLE
ORDER BY o.target_id;
