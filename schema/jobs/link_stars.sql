-- Reference stars in the cells of the due objects: unit vector at the catalogue's epoch, and its motion in a year.
-- needs given_rank(catalog, rank), temp table link_cell(cell: order 8, with those around)
CREATE OR REPLACE TEMP TABLE link_star AS
WITH star AS (
  SELECT
    s.catalog, r.rank, s.source_id, s.epoch, s.pm_ra, s.pm_dec, s.pm_err,
    radians(s.ra) AS a, radians(s.dec) AS d,
    radians(coalesce(s.pm_ra, 0) / 3.6e6) AS va, radians(coalesce(s.pm_dec, 0) / 3.6e6) AS vd
  FROM refstar AS s
  JOIN given_rank AS r ON r.catalog = s.catalog
  WHERE s.hpx >> 42 IN (SELECT cell FROM link_cell)
)
SELECT
  catalog, rank, source_id, epoch, pm_ra, pm_dec, pm_err,
  cos(d) * cos(a) AS ux, cos(d) * sin(a) AS uy, sin(d) AS uz,
  -va * sin(a) - vd * sin(d) * cos(a) AS vx, va * cos(a) - vd * sin(d) * sin(a) AS vy, vd * cos(d) AS vz
FROM star;
