-- The work list with the positions on the sky at the dates of the frames.
-- needs forced_todo, forced_frame, forced_place, forced_path
SELECT
  frame_id, place, aperture_id, target_id, object_id, (degrees(atan2(y, x)) + 360) % 360 AS ra,
  degrees(atan2(z, sqrt(x * x + y * y))) AS dec, ra_rate, dec_rate
FROM (
  SELECT
    t.frame_id, t.place, t.aperture_id, p.target_id, p.object_id,
    p.ux + p.vx * (f.year - p.epoch) AS x, p.uy + p.vy * (f.year - p.epoch) AS y, p.uz + p.vz * (f.year - p.epoch) AS z,
    NULL::DOUBLE AS ra_rate, NULL::DOUBLE AS dec_rate
  FROM forced_todo AS t
  JOIN forced_frame AS f ON f.frame_id = t.frame_id
  JOIN forced_place AS p ON p.place = t.place
  UNION ALL
  SELECT t.frame_id, t.place, t.aperture_id, p.target_id, NULL, p.ux, p.uy, p.uz, p.ra_rate, p.dec_rate
  FROM forced_todo AS t
  JOIN forced_path AS p ON p.place = t.place AND p.frame_id = t.frame_id
)
ORDER BY frame_id, aperture_id, place;
