-- The name of the variable star at the place of each due object: the nearest within reach, to which it is the nearest.
-- Catalogues of names give no proper motion: the object's own brings it to their epoch.
-- $least_arcsec  DOUBLE  reach, where the frames' match radius is smaller: places of variables are often old ones
-- needs temp tables link_object, link_contender, link_cell; proper motions written
CREATE OR REPLACE TEMP TABLE link_name AS
WITH star AS (
  SELECT
    s.catalog, s.source_id, s.epoch, n.name,
    cos(radians(s.dec)) * cos(radians(s.ra)) AS sx, cos(radians(s.dec)) * sin(radians(s.ra)) AS sy, sin(radians(s.dec)) AS sz
  FROM refstar AS s
  JOIN refname AS n ON n.catalog = s.catalog AND n.source_id = s.source_id
  WHERE s.is_good AND s.hpx >> 42 IN (SELECT cell FROM link_cell)
),
o AS (
  SELECT
    o.object_id, o.ux, o.uy, o.uz, o.epoch, radians(o.ra) AS a, radians(o.dec) AS d,
    radians(coalesce(o.pm_ra, 0) / 3.6e6) AS va, radians(coalesce(o.pm_dec, 0) / 3.6e6) AS vd,
    w.reach_arcsec,
    2 * sin(radians(greatest(coalesce(w.reach_arcsec, 0), $least_arcsec) / 3600) / 2) AS c,
    sqrt(va ** 2 + vd ** 2)
    * (SELECT greatest(abs(o.epoch - min(star.epoch)), abs(o.epoch - max(star.epoch))) FROM star) AS moved
  FROM object AS o
  JOIN (SELECT DISTINCT object_id FROM link_contender) AS k ON k.object_id = o.object_id
  LEFT JOIN link_object AS w ON w.object_id = o.object_id
  WHERE EXISTS (FROM star)
),
e1 AS (
  SELECT *, unnest(range(floor((ux - c - moved) * 1e4)::BIGINT, floor((ux + c + moved) * 1e4)::BIGINT + 1)) AS i FROM o
),
e2 AS (
  SELECT *, unnest(range(floor((uy - c - moved) * 1e4)::BIGINT, floor((uy + c + moved) * 1e4)::BIGINT + 1)) AS j FROM e1
),
e3 AS (
  SELECT *, unnest(range(floor((uz - c - moved) * 1e4)::BIGINT, floor((uz + c + moved) * 1e4)::BIGINT + 1)) AS k FROM e2
),
in_cell AS (
  SELECT *, floor(sx * 1e4)::BIGINT AS i, floor(sy * 1e4)::BIGINT AS j, floor(sz * 1e4)::BIGINT AS k
  FROM star
),
pair AS (
  SELECT
    e.object_id, e.reach_arcsec, s.catalog, s.source_id, s.name,
    (e.ux + (s.epoch - e.epoch) * (-va * sin(a) - vd * sin(d) * cos(a)) - sx) ** 2
    + (e.uy + (s.epoch - e.epoch) * (va * cos(a) - vd * sin(d) * sin(a)) - sy) ** 2
    + (e.uz + (s.epoch - e.epoch) * vd * cos(d) - sz) ** 2 AS d2
  FROM e3 AS e
  JOIN in_cell AS s ON s.i = e.i AND s.j = e.j AND s.k = e.k
  WHERE d2 <= e.c ** 2
),
holder AS (
  SELECT catalog, source_id, arg_min(object_id, (d2, object_id)) AS object_id
  FROM pair
  GROUP BY catalog, source_id
),
own AS (
  SELECT object_id, catalog, source_id, name
  FROM pair
  WHERE reach_arcsec IS NOT NULL
  QUALIFY row_number() OVER (PARTITION BY object_id ORDER BY d2, catalog, source_id) = 1
)
SELECT o.object_id, o.name
FROM own AS o
JOIN holder AS h ON h.catalog = o.catalog AND h.source_id = o.source_id AND h.object_id = o.object_id;
