-- Take away what the fluxes of a night take the place of: reasons why there was none, and what is measured again.
-- needs forced_new
DELETE FROM forced
USING forced_new AS n
WHERE forced.frame_id = n.frame_id AND forced.aperture_id = n.aperture_id
  AND forced.target_id IS NOT DISTINCT FROM n.target_id
  AND (n.target_id IS NOT NULL OR forced.object_id = n.object_id);
