-- Stars within a radius (arcsec) of a position (degrees), nearest first; a moving target has no place.
CREATE OR REPLACE MACRO cone(centre_ra, centre_dec, radius_arcsec) AS TABLE
WITH centre AS (
  SELECT
    cos(radians(centre_dec)) * cos(radians(centre_ra)) AS cx,
    cos(radians(centre_dec)) * sin(radians(centre_ra)) AS cy,
    sin(radians(centre_dec)) AS cz,
    2 * sin(radians(least(radius_arcsec, 648000) / 3600.0) / 2) AS c
)
SELECT
  o.object_id,
  o.name,
  o.ra,
  o.dec,
  o.n_detections,
  degrees(2 * asin(least(1, sqrt((o.ux - cx) ** 2 + (o.uy - cy) ** 2 + (o.uz - cz) ** 2) / 2))) * 3600 AS separation_arcsec
FROM object AS o, centre
WHERE o.ux BETWEEN cx - c AND cx + c
  AND o.uy BETWEEN cy - c AND cy + c
  AND o.uz BETWEEN cz - c AND cz + c
  AND (o.ux - cx) ** 2 + (o.uy - cy) ** 2 + (o.uz - cz) ** 2 <= c * c
  AND coalesce(o.kind, 'star') <> 'moving'
ORDER BY separation_arcsec, o.object_id;
