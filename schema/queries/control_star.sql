-- Stars that two frames of a target have in common, the brightest of the last frame first, as PHOTOMETRYPIPELINE looks for
-- its control star: the same within 1 arcsec, in order of the magnitude in the aperture of the last frame.
-- $object_id  BIGINT   the target's object, which is no control star of itself; NULL: it has none
-- $first      INTEGER  frame
-- $last       INTEGER  frame
WITH seen AS MATERIALIZED (
  SELECT frame_id, object_id, ra, dec, flux, flags
  FROM detection
  WHERE frame_id IN ($first::INTEGER, $last::INTEGER) AND object_id IS NOT NULL AND object_id IS DISTINCT FROM $object_id::BIGINT
)
SELECT b.object_id, o.name, o.ra, o.dec, b.flux, b.flags
FROM seen AS b
JOIN seen AS a ON a.object_id = b.object_id AND a.frame_id = $first::INTEGER
JOIN object AS o ON o.object_id = b.object_id
WHERE b.frame_id = $last::INTEGER
  AND coalesce(o.kind, 'star') = 'star'
  AND b.flux > 0
  AND separation_arcsec(a.ra, a.dec, b.ra, b.dec) < 1
ORDER BY b.flux DESC, b.object_id;
