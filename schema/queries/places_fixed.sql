-- Where targets that stand still are in frames: moved by proper motion to the frame's date, then by the offset; one row a pair.
-- needs given_pairs(target_id, frame_id, mjd_mid)
SELECT target_id, frame_id, place.ra AS ra, place.dec AS dec
FROM (
  SELECT
    t.target_id,
    g.frame_id,
    place_at(t.ra, t.dec, t.epoch, t.pm_ra, t.pm_dec, t.offset_ra, t.offset_dec, g.mjd_mid) AS place
  FROM given_pairs AS g
  JOIN target AS t ON t.target_id = g.target_id
  JOIN target_kind AS k ON k.target_id = t.target_id AND k.kind = 'fixed'
)
ORDER BY target_id, frame_id;
