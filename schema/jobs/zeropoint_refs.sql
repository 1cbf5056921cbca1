-- Reference stars in the cells of the objects, in the bands of the frames and the bands they may be tied to.
-- v is the proper motion of the unit vector, per year.
-- $catalog  VARCHAR  only this catalogue; NULL: all
CREATE OR REPLACE TEMP TABLE zp_ref AS
WITH wanted AS (
  SELECT band FROM zp_frame WHERE band IS NOT NULL
  UNION
  SELECT tie FROM zp_frame WHERE tie IS NOT NULL
),
star AS (
  SELECT
    catalog, source_id, epoch, is_good, radians(ra) AS a, radians(dec) AS d,
    radians(coalesce(pm_ra, 0) / 3.6e6) AS va, radians(coalesce(pm_dec, 0) / 3.6e6) AS vd
  FROM refstar
  WHERE (hpx >> 46) IN (SELECT DISTINCT hpx >> 46 FROM zp_object)
    AND ($catalog IS NULL OR catalog = $catalog)
)
SELECT
  s.catalog, s.source_id, m.band, m.mag, m.mag_err, m.mag_system, s.is_good AND m.is_good AS is_good, s.epoch,
  cos(d) * cos(a) AS ux,
  cos(d) * sin(a) AS uy,
  sin(d) AS uz,
  -va * sin(a) - vd * sin(d) * cos(a) AS vx,
  va * cos(a) - vd * sin(d) * sin(a) AS vy,
  vd * cos(d) AS vz
FROM star AS s
JOIN refmag AS m ON m.catalog = s.catalog AND m.source_id = s.source_id
WHERE m.band IN (SELECT band FROM wanted)
ORDER BY s.catalog, s.source_id, m.band;
