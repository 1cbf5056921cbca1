-- Objects around a position, nearest first, one row an object and band, corrected for the objects' own colours.
-- $ra      DOUBLE   deg
-- $dec     DOUBLE   deg
-- $radius  DOUBLE   arcsec
-- $objects BIGINT[] those in it
WITH near AS MATERIALIZED (
  SELECT object_id, name, ra, dec, separation_arcsec
  FROM cone($ra::DOUBLE, $dec::DOUBLE, $radius::DOUBLE)
),
measured AS MATERIALIZED (
  SELECT d.object_id, d.frame_id, d.flux, d.x, d.y
  FROM detection AS d
  WHERE d.object_id IN (SELECT object_id FROM near)
),
tint AS MATERIALIZED (SELECT * FROM object_colours($objects::BIGINT[])),
point AS (
  SELECT
    d.object_id,
    f.band,
    d.flux,
    flux_to_mag(
      d.flux,
      zp_here(z, d.flux, d.x, d.y, f.width, f.height) + colour_shift(z, t.colour)
    ) AS mag,
    z.mag_system,
    t.colour,
    CASE WHEN z.colour_term IS NOT NULL THEN coalesce(t.colour_source, 'unknown') END AS colour_source
  FROM measured AS d
  JOIN frame AS f ON f.frame_id = d.frame_id
  LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0
  LEFT JOIN tint AS t
    ON t.object_id = d.object_id AND t.colour_index = z.colour AND t.catalog IS NOT DISTINCT FROM z.catalog
),
-- 1.4826 times the median absolute deviation is the standard deviation of a normal distribution; one point has none.
summary AS (
  SELECT
    object_id,
    band,
    count(*) AS n_points,
    median(mag) AS median_mag,
    CASE WHEN count(mag) > 1 THEN 1.4826 * mad(mag) END AS mag_scatter,
    coalesce(
      string_agg(DISTINCT mag_system, ' ' ORDER BY mag_system) FILTER (mag IS NOT NULL OR colour_source = 'unknown'),
      'instrumental'
    ) AS mag_system,
    median(colour) AS colour,
    string_agg(DISTINCT colour_source, ' ' ORDER BY colour_source) AS colour_source,
    count(*) FILTER (colour_source = 'unknown' AND flux > 0) AS n_unknown
  FROM point
  GROUP BY object_id, band
)
SELECT
  n.object_id,
  n.name,
  n.ra,
  n.dec,
  n.separation_arcsec,
  s.band,
  coalesce(s.n_points, 0) AS n_points,
  s.median_mag,
  s.mag_scatter,
  s.mag_system,
  s.colour,
  s.colour_source,
  s.n_unknown
FROM near AS n
LEFT JOIN summary AS s ON s.object_id = n.object_id
ORDER BY n.separation_arcsec, n.object_id, s.band;
