-- Matched objects, once for every option of a band: what is known of the reference star, and the first cut that removes
-- it wherever it is measured (99: none). Cuts are numbered in the order in which they are made, as
-- photdb.jobs.zeropoint_settings.CUTS names them.
-- $mag_lower, $mag_upper  DOUBLE    reference magnitude; NULL: no cut
-- $only_good              BOOLEAN   pass the catalogue's quality cut
-- $max_ref_err            DOUBLE    mag; NULL: no cut
-- $solar                  BOOLEAN   colours like the Sun's
-- $drop_known             BOOLEAN   known variables
-- $colours                VARCHAR[] per frame band: band, blue band, red band, band, ...
CREATE OR REPLACE TEMP TABLE zp_candidate AS
WITH place AS (SELECT unnest(range(0, len($colours::VARCHAR[]), 3)) AS i),
term AS (
  SELECT ($colours::VARCHAR[])[i + 1] AS frame_band, ($colours::VARCHAR[])[i + 2] AS blue, ($colours::VARCHAR[])[i + 3] AS red
  FROM place
),
near AS (
  SELECT
    m.object_id, m.separation_arcsec, m.has_rival, o.option_no, r.catalog, r.source_id, r.band, r.path, r.mag,
    r.mag_err, r.is_good, c.neighbour_arcsec, 
    CASE WHEN isfinite(blue.mag - red.mag) THEN blue.mag - red.mag END AS colour, t.blue IS NOT NULL AS has_term,
    bool_or(blue.mag IS NOT NULL AND red.mag IS NOT NULL) OVER (PARTITION BY o.option_no) AS has_colours
  FROM zp_match AS m
  JOIN zp_ref AS r ON r.catalog = m.catalog AND r.source_id = m.source_id
  JOIN zp_option AS o ON o.catalog = r.catalog AND o.ref_band = r.band AND o.ref_path IS NOT DISTINCT FROM r.path
  LEFT JOIN zp_crowd AS c ON c.catalog = r.catalog AND c.source_id = r.source_id AND c.band = r.band
  LEFT JOIN term AS t ON t.frame_band = o.frame_band
  LEFT JOIN zp_mag AS blue ON blue.catalog = r.catalog AND blue.source_id = r.source_id AND blue.band = t.blue
  LEFT JOIN zp_mag AS red ON red.catalog = r.catalog AND red.source_id = r.source_id AND red.band = t.red
),
sun AS (
  SELECT
    catalog, source_id,
    coalesce(
      abs(any_value(mag) FILTER (band = 'g') - any_value(mag) FILTER (band = 'r') - 0.44) < 0.2
      AND abs(any_value(mag) FILTER (band = 'r') - any_value(mag) FILTER (band = 'i') - 0.11) < 0.2,
      any_value(mag) FILTER (band = 'J') - any_value(mag) FILTER (band = 'H') > 0.29 - 0.2,
      false
    ) AS is_solar
  FROM zp_mag
  WHERE $solar
  GROUP BY catalog, source_id
)
SELECT
  (row_number() OVER (ORDER BY n.option_no, n.object_id) - 1)::INTEGER AS star,
  (dense_rank() OVER (ORDER BY n.catalog, n.source_id) - 1)::INTEGER AS source_no,
  n.object_id, n.option_no, n.catalog, n.source_id, n.band, n.path, n.mag, n.mag_err, n.colour,
  n.separation_arcsec, n.has_rival, n.neighbour_arcsec,
  CASE
    WHEN n.mag < $mag_lower::DOUBLE OR n.mag > $mag_upper::DOUBLE THEN 4
    WHEN $only_good AND NOT n.is_good THEN 11
    WHEN n.mag_err > $max_ref_err::DOUBLE THEN 12
    WHEN $solar AND NOT coalesce(s.is_solar, false) THEN 13
    WHEN $drop_known AND k.object_id IS NOT NULL THEN 14
    WHEN v.object_id IS NOT NULL THEN 15
    WHEN n.has_term AND n.has_colours AND n.colour IS NULL THEN 16
    ELSE 99
  END::TINYINT AS star_cut
FROM near AS n
LEFT JOIN sun AS s ON s.catalog = n.catalog AND s.source_id = n.source_id
LEFT JOIN zp_known_variable AS k ON k.object_id = n.object_id
LEFT JOIN zp_varying AS v ON v.object_id = n.object_id;
