-- What the reference magnitudes of two calibrations are.
-- $first, $second  INTEGER
SELECT DISTINCT cal_id, catalog, ref_band, ref_path
FROM zeropoint
WHERE cal_id IN ($first, $second) AND aperture_id = 0 AND catalog IS NOT NULL;
