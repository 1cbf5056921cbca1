-- Lay down where moving places are, frame by frame.
-- needs given_path(place, wanted, is_recentred, target_id, frame_id, ra, dec, ra_rate, dec_rate)
CREATE OR REPLACE TEMP TABLE forced_path AS
SELECT
  place, wanted, is_recentred, target_id, frame_id, ra, dec, ra_rate, dec_rate,
  cos(radians(dec)) * cos(radians(ra)) AS ux, cos(radians(dec)) * sin(radians(ra)) AS uy, sin(radians(dec)) AS uz
FROM given_path;
