-- Every target, in the order of their names; of moving ones how many rows their path has, from when to when.
SELECT
  t.target_id, t.name, t.ra, t.dec, t.epoch, t.pm_ra, t.pm_dec, t.added,
  p.n_path, p.path_from_mjd, p.path_to_mjd
FROM target AS t
LEFT JOIN (
  SELECT target_id, count(*) AS n_path, min(mjd) AS path_from_mjd, max(mjd) AS path_to_mjd
  FROM ephemeris
  GROUP BY target_id
) AS p ON p.target_id = t.target_id
ORDER BY lower(t.name), t.target_id;
