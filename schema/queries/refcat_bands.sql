-- Which passband can be had from which catalogue by which path.
-- $ways  STRUCT(catalog, band, choice, path, error)[]
SELECT
  way.catalog,
  way.band,
  way.choice,
  coalesce(way.path, 'native') AS path,
  round(way.error, 4) AS error_mag
FROM (SELECT unnest($ways::STRUCT(catalog VARCHAR, band VARCHAR, choice INTEGER, path VARCHAR, error DOUBLE)[]) AS way)
ORDER BY way.catalog, way.band, way.choice;
