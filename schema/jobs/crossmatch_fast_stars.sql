-- Reference stars of a box that move fast: where they were at J2016 and where they go, one row a star and catalogue.
-- The catalogues with the best proper motions come first.
-- $x0 $x1 $y0 $y1 $z0 $z1  DOUBLE  the box, unit vectors
-- $fast                    DOUBLE  mas/yr; from this proper motion on a star is fast
WITH fast AS (
  SELECT
    catalog, source_id, pm_ra, pm_dec, pm_err, radians(ra) AS a, radians(dec) AS d,
    radians(pm_ra / 3.6e6) AS va, radians(pm_dec / 3.6e6) AS vd, 2016 - epoch AS years
  FROM refstar
  WHERE pm_ra * pm_ra + pm_dec * pm_dec >= $fast * $fast AND is_good
),
vector AS (
  SELECT
    *,
    -va * sin(a) - vd * sin(d) * cos(a) AS vx, va * cos(a) - vd * sin(d) * sin(a) AS vy, vd * cos(d) AS vz
  FROM fast
),
placed AS (
  SELECT
    *,
    cos(d) * cos(a) + years * vx AS ux, cos(d) * sin(a) + years * vy AS uy, sin(d) + years * vz AS uz
  FROM vector
)
SELECT catalog, source_id, pm_ra, pm_dec, pm_err, ux, uy, uz, vx, vy, vz
FROM placed
WHERE ux BETWEEN $x0 AND $x1 AND uy BETWEEN $y0 AND $y1 AND uz BETWEEN $z0 AND $z1
ORDER BY list_position(['gaia_dr3', 'gaiaxp', 'refcat2', 'ucac4', 'urat1', 'tycho2'], catalog) NULLS LAST, catalog, source_id;
