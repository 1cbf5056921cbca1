-- Fluxes at given places, every one of them: by target, object, time and aperture.
-- $objects  BIGINT[]   of these objects; NULL: of every one, and of targets without an object
-- $targets  INTEGER[]  and of these targets, where objects are given
-- $band     VARCHAR    NULL: every band
SELECT *
FROM forced_flux
WHERE (
    $objects::BIGINT[] IS NULL
    OR object_id IN (SELECT unnest($objects::BIGINT[]))
    OR target_id IN (SELECT unnest($targets::INTEGER[]))
  )
  AND ($band::VARCHAR IS NULL OR band = $band::VARCHAR)
ORDER BY target_id, object_id, mjd_mid, frame_id, aperture_id, method;
