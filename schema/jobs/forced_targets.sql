-- Targets as forced photometry needs them: where they are, whether they move, what is to be measured of them.
-- $target_ids  INTEGER[]  NULL: all
SELECT
  t.target_id, t.name, t.object_id, t.ra, t.dec, t.epoch, t.pm_ra, t.pm_dec, t.offset_ra, t.offset_dec,
  t.a_arcsec, t.b_arcsec, t.pa_deg, t.methods,
  k.kind = 'moving' AS is_moving
FROM target AS t
JOIN target_kind AS k ON k.target_id = t.target_id
WHERE $target_ids::INTEGER[] IS NULL OR t.target_id IN (SELECT unnest($target_ids::INTEGER[]))
ORDER BY t.target_id;
