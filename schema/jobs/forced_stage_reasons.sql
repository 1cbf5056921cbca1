-- Lay down why what was asked for could not be measured; what was measured before, and was to be measured again, stays.
-- needs forced_staged, given_reasons
INSERT INTO forced_staged BY NAME
SELECT r.*
FROM given_reasons AS r
ANTI JOIN forced AS f
  ON f.frame_id = r.frame_id AND f.aperture_id = r.aperture_id AND f.reason IS NULL
  AND f.target_id IS NOT DISTINCT FROM r.target_id
  AND (r.target_id IS NOT NULL OR f.object_id = r.object_id);
