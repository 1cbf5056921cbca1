-- Every target, in the order of their names; of moving ones how many rows their path has, from when to when, and for which
-- sites; in how many frames its position was measured.
SELECT
  t.target_id, t.name, k.kind, t.ra, t.dec, coalesce(t.methods, ['primary']) AS methods,
  p.path_from_mjd, p.path_to_mjd, p.n_path, m.n_position, t.offset_ra, t.offset_dec, t.a_arcsec, t.b_arcsec, t.pa_deg,
  t.epoch, t.pm_ra, t.pm_dec, p.path_sites, t.designation, t.source, t.object_id, t.added
FROM target AS t
JOIN target_kind AS k ON k.target_id = t.target_id
LEFT JOIN (
  SELECT
    target_id, count(*) AS n_path, min(mjd) AS path_from_mjd, max(mjd) AS path_to_mjd,
    list(DISTINCT site ORDER BY site) FILTER (site IS NOT NULL) AS path_sites
  FROM ephemeris
  GROUP BY target_id
) AS p ON p.target_id = t.target_id
LEFT JOIN (
  SELECT target_id, count(*) AS n_position
  FROM target_position
  GROUP BY target_id
) AS m ON m.target_id = t.target_id
ORDER BY lower(t.name), t.target_id;
