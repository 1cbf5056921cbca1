-- Take away the rows that were added to.
-- needs stat_fresh
DELETE FROM object_band
USING stat_fresh AS s
WHERE s.object_id = object_band.object_id AND s.band IS NOT DISTINCT FROM object_band.band
  AND s.mag_system = object_band.mag_system AND s.detector IS NOT DISTINCT FROM object_band.detector;
