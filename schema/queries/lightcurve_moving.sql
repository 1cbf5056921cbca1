-- Light curve of a moving target with its path, oldest first: where it was expected and found, distances, and why a point
-- is rejected.
-- The mark WHERE false stands for the light curve itself (photdb.asking.moving).
-- $object_id  BIGINT     of the target
-- $target_id  INTEGER
-- $path       VARCHAR    JSON: [{"frame_id": 1, "ra": 124.7, "dec": 25.3, "r_au": null, "delta_au": null, "phase_deg": null}]
-- $reject     VARCHAR[]  schemas: pos, flags, sigma, mag, star
-- $reach      DOUBLE     arcsec; pos rejects what is farther from its predicted place
-- $unfit      INTEGER    flags rejects points with any of these flags
WITH curve AS MATERIALIZED (
  SELECT * FROM lightcurve WHERE false
),
path AS MATERIALIZED (
  SELECT unnest(
    from_json(
      $path::VARCHAR,
      '[{"frame_id": "INTEGER", "ra": "DOUBLE", "dec": "DOUBLE", "r_au": "DOUBLE", "delta_au": "DOUBLE", "phase_deg": "DOUBLE"}]'
    ),
    recursive := true
  )
),
detected AS MATERIALIZED (
  SELECT frame_id, ra, dec
  FROM detection
  WHERE object_id = $object_id::BIGINT
),
-- A forced flux says where the target is only where the aperture was moved onto it.
recentred AS MATERIALIZED (
  SELECT frame_id, min_by(ra, abs(aperture_id)) AS ra, min_by(dec, abs(aperture_id)) AS dec
  FROM forced
  WHERE target_id = $target_id::INTEGER AND shift_ra IS NOT NULL AND reason IS NULL
  GROUP BY frame_id
),
placed AS MATERIALIZED (
  SELECT
    c.*
    REPLACE (
      CASE
        WHEN p.ra IS NULL THEN c.bjd_tdb
        ELSE f.jd_tdb
          + cos(radians(p.dec)) * (f.bary_x * cos(radians(p.ra)) + f.bary_y * sin(radians(p.ra)))
          + f.bary_z * sin(radians(p.dec))
      END AS bjd_tdb
    ),
    p.ra AS predicted_ra,
    p.dec AS predicted_dec,
    CASE c.kind WHEN 'detected' THEN d.ra WHEN 'forced' THEN r.ra END AS measured_ra,
    CASE c.kind WHEN 'detected' THEN d.dec WHEN 'forced' THEN r.dec END AS measured_dec,
    p.r_au,
    p.delta_au,
    p.phase_deg,
    c.mag - 5 * log10(p.r_au * p.delta_au) AS mag_reduced,
    -- light takes 499.004783836 s for an au
    c.mjd_mid - p.delta_au * 499.004783836 / 86400 AS mjd_at_target,
    f.night AS of_night,
    f.primary_radius_px * f.pixel_scale_arcsec AS aperture_arcsec
  FROM curve AS c
  JOIN frame AS f ON f.frame_id = c.frame_id
  LEFT JOIN path AS p ON p.frame_id = c.frame_id
  LEFT JOIN detected AS d ON d.frame_id = c.frame_id
  LEFT JOIN recentred AS r ON r.frame_id = c.frame_id
),
offset_ AS (
  SELECT
    *,
    ((measured_ra - predicted_ra + 540) % 360 - 180) * cos(radians(predicted_dec)) * 3600 AS residual_ra,
    (measured_dec - predicted_dec) * 3600 AS residual_dec,
    CASE
      WHEN predicted_ra IS NOT NULL AND measured_ra IS NOT NULL
        THEN separation_arcsec(measured_ra, measured_dec, predicted_ra, predicted_dec)
    END AS residual_arcsec,
    coalesce(mag_reduced, mag) AS height
  FROM placed
),
-- What is usual in a night: too few points say nothing.
usual AS (
  SELECT band, mag_system, of_night, median(height) AS middle, 1.4826 * mad(height) AS scatter
  FROM offset_
  WHERE height IS NOT NULL
  GROUP BY band, mag_system, of_night
  HAVING count(*) >= 5
),
-- Stars at the place: whatever was seen there once only may have been the target.
place AS (
  SELECT
    frame_id,
    aperture_arcsec / 206264.80624709636 AS reach,
    cos(radians(dec)) * cos(radians(ra)) AS ux,
    cos(radians(dec)) * sin(radians(ra)) AS uy,
    sin(radians(dec)) AS uz
  FROM (
    SELECT
      frame_id, aperture_arcsec, coalesce(measured_ra, predicted_ra) AS ra, coalesce(measured_dec, predicted_dec) AS dec
    FROM placed
    WHERE list_contains($reject::VARCHAR[], 'star')
  ) AS spot
  WHERE ra IS NOT NULL AND aperture_arcsec IS NOT NULL
),
star AS MATERIALIZED (
  SELECT DISTINCT p.frame_id
  FROM place AS p
  JOIN object AS o
    ON o.uz BETWEEN p.uz - p.reach AND p.uz + p.reach
    AND (o.ux - p.ux) ** 2 + (o.uy - p.uy) ** 2 + (o.uz - p.uz) ** 2 <= p.reach ** 2
  WHERE coalesce(o.kind, 'star') = 'star'
    AND o.n_detections > 1
    AND o.uz BETWEEN (SELECT min(uz - reach) FROM place) AND (SELECT max(uz + reach) FROM place)
),
judged AS (
  SELECT
    o.*,
    CASE WHEN list_contains($reject::VARCHAR[], 'pos') AND o.residual_arcsec > $reach::DOUBLE THEN 'pos' END AS by_pos,
    CASE WHEN list_contains($reject::VARCHAR[], 'flags') AND o.flags & $unfit::INTEGER <> 0 THEN 'flags' END AS by_flags,
    CASE WHEN list_contains($reject::VARCHAR[], 'sigma') AND o.flux < 3 * o.flux_err THEN 'sigma' END AS by_sigma,
    CASE
      WHEN list_contains($reject::VARCHAR[], 'mag') AND abs(o.height - u.middle) > 5 * greatest(u.scatter, o.mag_err) THEN 'mag'
    END AS by_mag,
    CASE WHEN o.frame_id IN (SELECT frame_id FROM star) AND o.kind <> 'limit' THEN 'star' END AS by_star
  FROM offset_ AS o
  LEFT JOIN usual AS u
    ON u.band IS NOT DISTINCT FROM o.band AND u.mag_system IS NOT DISTINCT FROM o.mag_system
    AND u.of_night IS NOT DISTINCT FROM o.of_night
)
SELECT
  * EXCLUDE (
    predicted_ra, predicted_dec, measured_ra, measured_dec, r_au, delta_au, phase_deg, mag_reduced, mjd_at_target,
    of_night, aperture_arcsec, residual_ra, residual_dec, residual_arcsec, height,
    by_pos, by_flags, by_sigma, by_mag, by_star
  ),
  predicted_ra,
  predicted_dec,
  measured_ra,
  measured_dec,
  residual_ra,
  residual_dec,
  residual_arcsec,
  r_au,
  delta_au,
  phase_deg,
  mag_reduced,
  mjd_at_target,
  nullif(concat_ws(',', by_pos, by_flags, by_sigma, by_mag, by_star), '') AS rejected
FROM judged
ORDER BY mjd_mid, band, frame_id;
