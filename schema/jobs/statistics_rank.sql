-- The moments of stars, with name, place and field (a cell of some 4 deg), to be ranked against their like.
-- $band    VARCHAR  only this one; NULL: all
-- $least   INTEGER  points that count
-- needs stat_band
SELECT
  b.*, o.name, o.ra, o.dec, o.hpx >> 50 AS field, o.vsx_name
FROM stat_band AS b
JOIN object AS o ON o.object_id = b.object_id
WHERE b.n >= $least::INTEGER AND ($band::VARCHAR IS NULL OR b.band = $band::VARCHAR) AND coalesce(o.kind, 'star') = 'star'
ORDER BY b.band, b.mag_system, b.detector, b.object_id;
