-- Magnitudes of the stars of zp_star in the passbands of zp_wanted, one row a star and passband: the catalogue's own
-- (path NULL), else that of the transformation with the smallest error whose inputs are all good, else of one whose
-- inputs are not; never of one out of its range.
CREATE OR REPLACE TEMP TABLE zp_mag AS
SELECT catalog, source_id, band, mag, mag_err, mag_system, is_good, NULL::VARCHAR AS path
FROM zp_input
WHERE band IN (SELECT band FROM zp_wanted)
UNION ALL
SELECT catalog, source_id, band, mag, mag_err, mag_system, is_good, path
FROM zp_transformed
WHERE in_range AND n_choice = 1
UNION ALL
SELECT catalog, source_id, band, best.mag, best.mag_err, best.mag_system, best.is_good, best.path
FROM (
  SELECT
    catalog, source_id, band,
    arg_min(
      {mag: mag, mag_err: mag_err, mag_system: mag_system, is_good: is_good, path: path},
      rank + CASE WHEN is_good THEN 0 ELSE 1000000 END
    ) AS best
  FROM zp_transformed
  WHERE in_range AND n_choice > 1
  GROUP BY catalog, source_id, band
);
