-- The one star of each due object: that of the catalogue of the best rank. Where its catalogue has no proper motion, or
-- not two bands of a colour, those of the next catalogue that has the same star: within $same_arcsec of it.
-- $same_arcsec  DOUBLE
-- needs given_index(n, blue, red), temp table link_mutual
CREATE OR REPLACE TEMP TABLE link_chosen AS
WITH best AS (
  SELECT *
  FROM link_mutual
  QUALIFY row_number() OVER (PARTITION BY object_id ORDER BY rank, catalog) = 1
),
same AS (
  SELECT m.*
  FROM link_mutual AS m
  JOIN best AS b ON b.object_id = m.object_id
  WHERE (m.sx - b.sx) ** 2 + (m.sy - b.sy) ** 2 + (m.sz - b.sz) ** 2
    <= (2 * sin(radians($same_arcsec / 3600) / 2)) ** 2
),
motion AS (
  SELECT object_id, pm_ra, pm_dec, pm_err
  FROM same
  WHERE pm_ra IS NOT NULL AND pm_dec IS NOT NULL
  QUALIFY row_number() OVER (PARTITION BY object_id ORDER BY rank, catalog) = 1
),
band AS (
  SELECT s.object_id, s.rank, s.catalog, m.band, m.mag
  FROM same AS s
  JOIN refmag AS m ON m.catalog = s.catalog AND m.source_id = s.source_id
  WHERE m.is_good
),
colour AS (
  SELECT a.object_id, a.mag - b.mag AS ref_colour, a.band || '-' || b.band AS ref_colour_index
  FROM band AS a
  JOIN given_index AS i ON i.blue = a.band
  JOIN band AS b ON b.object_id = a.object_id AND b.catalog = a.catalog AND b.band = i.red
  QUALIFY row_number() OVER (PARTITION BY a.object_id ORDER BY a.rank, a.catalog, i.n) = 1
)
SELECT b.object_id, b.catalog, b.source_id, b.d2, v.pm_ra, v.pm_dec, v.pm_err, c.ref_colour, c.ref_colour_index
FROM best AS b
LEFT JOIN motion AS v ON v.object_id = b.object_id
LEFT JOIN colour AS c ON c.object_id = b.object_id;
