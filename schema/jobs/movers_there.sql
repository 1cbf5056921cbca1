-- The detection nearest to each place that something is expected at, within its radius, and whether it is a lasting star's.
-- needs mover_detection, mover_object, given_places(place, frame_id, ux, uy, uz, radius)
WITH near AS (
  SELECT
    g.place, d.frame_id, d.object_id, d.ra, d.dec, d.flux, d.flux_err, d.x, d.y, coalesce(o.is_lasting, false) AS is_star,
    sqrt(
      (cos(radians(d.dec)) * cos(radians(d.ra)) - g.ux) ** 2 + (cos(radians(d.dec)) * sin(radians(d.ra)) - g.uy) ** 2
      + (sin(radians(d.dec)) - g.uz) ** 2
    ) AS distance, g.radius
  FROM mover_detection AS d
  JOIN given_places AS g ON g.frame_id = d.frame_id AND abs(sin(radians(d.dec)) - g.uz) <= g.radius
  LEFT JOIN mover_object AS o ON o.object_id = d.object_id
)
SELECT
  n.place, n.object_id, n.ra, n.dec, n.is_star, degrees(n.distance) * 3600 AS off_arcsec,
  flux_to_mag(n.flux, zp_here(z, n.flux, n.x, n.y, f.width, f.height)) AS mag, mag_error(n.flux, n.flux_err) AS mag_err
FROM near AS n
JOIN frame AS f ON f.frame_id = n.frame_id
LEFT JOIN zeropoint_active AS z ON z.frame_id = n.frame_id AND z.aperture_id = 0
WHERE n.distance <= n.radius
QUALIFY row_number() OVER (PARTITION BY n.place ORDER BY n.distance) = 1
ORDER BY n.place;
