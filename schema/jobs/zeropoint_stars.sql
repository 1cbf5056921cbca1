-- Reference stars in the cells of the objects. u is the unit vector at the star's epoch, v its proper motion per year.
-- $catalogs  VARCHAR[]  only these; NULL: all
CREATE OR REPLACE TEMP TABLE zp_star AS
WITH star AS (
  SELECT
    catalog, source_id, epoch, is_good, radians(ra) AS a, radians(dec) AS d,
    radians(coalesce(pm_ra, 0) / 3.6e6) AS va, radians(coalesce(pm_dec, 0) / 3.6e6) AS vd
  FROM refstar
  WHERE (hpx >> 46) IN (SELECT DISTINCT hpx >> 46 FROM zp_object)
    AND ($catalogs::VARCHAR[] IS NULL OR list_contains($catalogs::VARCHAR[], catalog))
)
SELECT
  catalog, source_id, is_good, epoch,
  cos(d) * cos(a) AS ux,
  cos(d) * sin(a) AS uy,
  sin(d) AS uz,
  -va * sin(a) - vd * sin(d) * cos(a) AS vx,
  va * cos(a) - vd * sin(d) * sin(a) AS vy,
  vd * cos(d) AS vz
FROM star;
