-- Targets that stand still and were measured, within a radius of places: for each place nearest first.
-- A proper motion is applied to the mean date of the frames.
-- $places  VARCHAR   JSON: [{"place": 1, "ra": 41.58, "dec": -30.27}, ...]; deg
-- $radius  DOUBLE    arcsec
WITH asked AS MATERIALIZED (
  SELECT unnest(from_json($places::VARCHAR, '[{"place": "INTEGER", "ra": "DOUBLE", "dec": "DOUBLE"}]'), recursive := true)
),
dated AS (
  SELECT *, (SELECT 2000 + (avg(mjd_mid) - 51544.5) / 365.25 FROM frame WHERE state = 'ok') - epoch AS years
  FROM target
  WHERE target_id IN (SELECT target_id FROM forced)
    AND target_id NOT IN (SELECT target_id FROM ephemeris)
    AND target_id NOT IN (SELECT target_id FROM target_position)
),
standing AS (
  SELECT
    target_id, name, object_id, a_arcsec IS NOT NULL AS is_ellipse,
    ra + coalesce(years * pm_ra / 3.6e6 / cos(radians(dec)), 0) AS ra, dec + coalesce(years * pm_dec / 3.6e6, 0) AS dec
  FROM dated
)
SELECT
  a.place, s.target_id, s.name, s.object_id, s.is_ellipse, s.ra, s.dec, separation_arcsec(s.ra, s.dec, a.ra, a.dec) AS separation_arcsec
FROM standing AS s
JOIN asked AS a ON abs(s.dec - a.dec) <= $radius::DOUBLE / 3600
WHERE separation_arcsec(s.ra, s.dec, a.ra, a.dec) <= $radius::DOUBLE
ORDER BY a.place, separation_arcsec, s.target_id;
