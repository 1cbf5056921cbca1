-- Reference stars in the box of the night's detections, at its date, the catalogues that objects are linked to first
-- before the others.
-- $epoch  DOUBLE  Julian year of the night
-- $x0 $x1 $y0 $y1 $z0 $z1  DOUBLE  the box, unit vectors
-- needs given_rank(catalog, rank)
WITH at_epoch AS (
  SELECT
    catalog, source_id, hpx, pm_ra, pm_dec,
    radians(coalesce(pm_ra, 0) / 3.6e6) * ($epoch - epoch) AS da,
    radians(coalesce(pm_dec, 0) / 3.6e6) * ($epoch - epoch) AS dd,
    radians(ra) AS a,
    radians(dec) AS d
  FROM refstar
),
moved AS (
  SELECT
    catalog, source_id, hpx, pm_ra, pm_dec,
    cos(d) * cos(a) - da * sin(a) - dd * sin(d) * cos(a) AS ux,
    cos(d) * sin(a) + da * cos(a) - dd * sin(d) * sin(a) AS uy,
    sin(d) + dd * cos(d) AS uz
  FROM at_epoch
),
inside AS (
  SELECT *
  FROM moved
  WHERE ux BETWEEN $x0 AND $x1 AND uy BETWEEN $y0 AND $y1 AND uz BETWEEN $z0 AND $z1
)
SELECT i.catalog, i.source_id, i.hpx, i.pm_ra, i.pm_dec, i.ux, i.uy, i.uz
FROM inside AS i
JOIN given_rank AS r ON r.catalog = i.catalog
ORDER BY r.rank, i.catalog, i.source_id;
