-- Colours of objects (mag) in the indices of the colour terms of their zero points: one row an object, index and catalogue.
--
-- own        of the object's own magnitudes m in the two bands of the index, each the median over its frames. With the
--            magnitudes before the colour term m0 (its pivot taken out) and the terms k, m = m0 + k (m_a - m_b), so
--              m_a - m_b = (m0_a - m0_b) / (1 - k_a + k_b).
--            A band whose term is in another index is corrected first, by the colour in that one. Saturated, truncated
--            and incomplete points, and frames that are not calibrated in AB or Vega, take no part.
-- catalogue  else of the nearest star of the calibration's catalogue, proper motion applied, within the match radius of
--            the frames, of its own good magnitudes in the two bands.
-- An object of which neither is known has no row.
--
-- objects  BIGINT[]   of these; NULL: of all
CREATE OR REPLACE MACRO object_colours(objects) AS TABLE
WITH asked AS (
  SELECT unnest(objects) AS object_id
  UNION ALL
  SELECT object_id FROM object WHERE objects IS NULL
),
point AS MATERIALIZED (
  SELECT
    d.object_id,
    f.band,
    f.match_radius_arcsec,
    z.catalog,
    CASE WHEN z.colour_term IS NOT NULL THEN z.colour END AS index,
    coalesce(z.colour_term, 0) AS k,
    CASE
      WHEN d.flags & 92 = 0 AND z.mag_system IN ('AB', 'Vega')
        THEN flux_to_mag(d.flux, zp_here(z, d.flux, d.x, d.y, f.width, f.height))
    END AS mag,
    coalesce(z.colour_term * z.colour_pivot, 0) AS at_pivot
  FROM detection AS d
  JOIN frame AS f ON f.frame_id = d.frame_id
  JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0
  WHERE d.object_id IN (SELECT object_id FROM asked)
),
needed AS MATERIALIZED (
  SELECT object_id, index, catalog, max(match_radius_arcsec) AS reach
  FROM point
  WHERE index IS NOT NULL
  GROUP BY ALL
),
-- Where frames of one band have terms in two indices, those of the more points.
band AS MATERIALIZED (
  SELECT object_id, band, index, median(mag - at_pivot) AS m0, avg(k) AS k
  FROM point
  WHERE mag IS NOT NULL
  GROUP BY object_id, band, index
  QUALIFY row_number() OVER (PARTITION BY object_id, band ORDER BY count(*) DESC, index) = 1
),
asked_index AS (
  SELECT DISTINCT object_id, index, split_part(index, '-', 1) AS blue, split_part(index, '-', 2) AS red
  FROM needed
),
first_colour AS (
  SELECT i.object_id, i.index, (a.m0 - b.m0) / (1 - a.k + b.k) AS colour
  FROM asked_index AS i
  JOIN band AS a ON a.object_id = i.object_id AND a.band = i.blue AND coalesce(a.index, i.index) = i.index
  JOIN band AS b ON b.object_id = i.object_id AND b.band = i.red AND coalesce(b.index, i.index) = i.index
  WHERE 1 - a.k + b.k > 0.2
),
side AS (
  SELECT i.object_id, i.index, b.band, b.m0, b.k
  FROM asked_index AS i
  JOIN band AS b ON b.object_id = i.object_id AND b.band IN (i.blue, i.red) AND coalesce(b.index, i.index) = i.index
  UNION ALL
  SELECT i.object_id, i.index, b.band, b.m0 + b.k * c.colour, 0
  FROM asked_index AS i
  JOIN band AS b ON b.object_id = i.object_id AND b.band IN (i.blue, i.red) AND b.index <> i.index
  JOIN first_colour AS c ON c.object_id = b.object_id AND c.index = b.index
),
own AS (
  SELECT i.object_id, i.index, (a.m0 - b.m0) / (1 - a.k + b.k) AS colour
  FROM asked_index AS i
  JOIN side AS a ON a.object_id = i.object_id AND a.index = i.index AND a.band = i.blue
  JOIN side AS b ON b.object_id = i.object_id AND b.index = i.index AND b.band = i.red
  WHERE 1 - a.k + b.k > 0.2
),
-- The catalogue's stars, in cells of a cube grid of 1e-4 (20 arcsec) at every half year in which there are objects.
sought AS MATERIALIZED (
  SELECT n.object_id, n.catalog, o.ux, o.uy, o.uz, o.dec, o.epoch, round(o.epoch * 2) / 2 AS year, max(n.reach) AS reach
  FROM needed AS n
  JOIN object AS o ON o.object_id = n.object_id
  ANTI JOIN own AS w ON w.object_id = n.object_id AND w.index = n.index
  WHERE n.catalog IS NOT NULL AND n.reach IS NOT NULL
  GROUP BY ALL
),
star AS (
  SELECT
    catalog, source_id, epoch, radians(ra) AS a, radians(dec) AS d,
    radians(coalesce(pm_ra, 0) / 3.6e6) AS va, radians(coalesce(pm_dec, 0) / 3.6e6) AS vd
  FROM refstar
  WHERE is_good
    AND catalog IN (SELECT catalog FROM sought)
    AND dec BETWEEN (SELECT min(dec) FROM sought) - 0.3 AND (SELECT max(dec) FROM sought) + 0.3
),
vector AS (
  SELECT
    catalog, source_id, epoch,
    cos(d) * cos(a) AS ux, cos(d) * sin(a) AS uy, sin(d) AS uz,
    -va * sin(a) - vd * sin(d) * cos(a) AS vx, va * cos(a) - vd * sin(d) * sin(a) AS vy, vd * cos(d) AS vz
  FROM star
),
in_cell AS (
  SELECT
    s.*, y.year,
    floor((ux + (year - epoch) * vx) * 1e4)::BIGINT AS i,
    floor((uy + (year - epoch) * vy) * 1e4)::BIGINT AS j,
    floor((uz + (year - epoch) * vz) * 1e4)::BIGINT AS k
  FROM vector AS s, (SELECT DISTINCT year FROM sought) AS y
),
-- 1.5e-5 is how far a star of 12 arcsec/yr moves in a quarter of a year.
e0 AS (
  SELECT *, 2 * sin(radians(reach / 3600) / 2) AS chord, chord + 1.5e-5 AS c
  FROM sought
),
e1 AS (SELECT *, unnest(range(floor((ux - c) * 1e4)::BIGINT, floor((ux + c) * 1e4)::BIGINT + 1)) AS i FROM e0),
e2 AS (SELECT *, unnest(range(floor((uy - c) * 1e4)::BIGINT, floor((uy + c) * 1e4)::BIGINT + 1)) AS j FROM e1),
e3 AS (SELECT *, unnest(range(floor((uz - c) * 1e4)::BIGINT, floor((uz + c) * 1e4)::BIGINT + 1)) AS k FROM e2),
pair AS (
  SELECT
    e.object_id, e.catalog, r.source_id, e.chord,
    (e.ux - r.ux - (e.epoch - r.epoch) * r.vx) ** 2
    + (e.uy - r.uy - (e.epoch - r.epoch) * r.vy) ** 2
    + (e.uz - r.uz - (e.epoch - r.epoch) * r.vz) ** 2 AS d2
  FROM e3 AS e
  JOIN in_cell AS r ON r.catalog = e.catalog AND r.year = e.year AND r.i = e.i AND r.j = e.j AND r.k = e.k
),
nearest AS MATERIALIZED (
  SELECT object_id, catalog, arg_min(source_id, (d2, source_id)) AS source_id
  FROM pair
  WHERE d2 <= chord ** 2
  GROUP BY object_id, catalog
),
magnitude AS MATERIALIZED (
  SELECT m.catalog, m.source_id, m.band, m.mag
  FROM refmag AS m
  SEMI JOIN nearest AS n ON n.catalog = m.catalog AND n.source_id = m.source_id
  WHERE m.is_good
),
catalogued AS (
  SELECT n.object_id, n.index, n.catalog, a.mag - b.mag AS colour
  FROM needed AS n
  JOIN nearest AS s ON s.object_id = n.object_id AND s.catalog = n.catalog
  JOIN magnitude AS a ON a.catalog = s.catalog AND a.source_id = s.source_id AND a.band = split_part(n.index, '-', 1)
  JOIN magnitude AS b ON b.catalog = s.catalog AND b.source_id = s.source_id AND b.band = split_part(n.index, '-', 2)
)
SELECT
  n.object_id,
  n.index AS colour_index,
  n.catalog,
  coalesce(w.colour, c.colour) AS colour,
  CASE WHEN w.colour IS NOT NULL THEN 'own' ELSE 'catalogue' END AS colour_source
FROM needed AS n
LEFT JOIN own AS w ON w.object_id = n.object_id AND w.index = n.index
LEFT JOIN catalogued AS c ON c.object_id = n.object_id AND c.index = n.index AND c.catalog = n.catalog
WHERE coalesce(w.colour, c.colour) IS NOT NULL;
