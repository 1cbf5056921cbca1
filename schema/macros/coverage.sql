-- Every frame that saw places on the sky or may have seen them: whether a star was measured there, and why not.
--
-- i          the place, counted from 1
-- status     detected; forced (no detection, but a forced flux of so many sigma; why says the S/N) or limit (a forced flux
--            below that), as the light curve has them; not detected (and no forced flux); outside (of the outline, in a HEALPix cell that the frame touches); failed, rejected or
--            no WCS: frames without an outline whose header points within a degree of the place, or, where it does not
--            say where, names the same object as a frame that saw it
-- why        of a star that was not detected:
--            masked          inside a circle that was masked when the frame was measured
--            edge            nearer to the edge of the frame than the radius of its aperture
--            blended         another star was measured within two FWHM (three, where it is 2.5 mag above the limit) or within
--                            the match radius; or most measurements of this one are flagged as blended
--            not calibrated  the frame has no zero point, and so no limit
--            too faint       no star is known there, or its median in this band is fainter than half a magnitude above the
--                            limit
--            missed          its median is brighter than that: it has faded, or the frame has to be looked at
--            of one that was detected: edge or masked (part of its aperture is missing: no flux), not calibrated
--            of a forced flux: its S/N, as S/N 3.4
-- zero points are those of the primary aperture.
--
-- ras, decs  DOUBLE[]   deg
-- objects    BIGINT[]   the star at each place; NULL where there is none
-- targets    INTEGER[]  the target at each place whose forced fluxes count; NULL where there is none
-- sigma      DOUBLE     a forced flux below so many times its noise is a limit
-- frames     INTEGER[]  the one frame that each place is asked of, as of something that moves; NULL: every frame
CREATE OR REPLACE MACRO coverage(ras, decs, objects, targets := NULL, sigma := 5, frames := NULL) AS TABLE
WITH asked AS MATERIALIZED (
  SELECT
    i, ra, dec, object_id, target_id, only_frame,
    cos(radians(dec)) * cos(radians(ra)) AS ux, cos(radians(dec)) * sin(radians(ra)) AS uy, sin(radians(dec)) AS uz
  FROM (
    SELECT
      unnest(range(1, len(ras::DOUBLE[]) + 1)) AS i, unnest(ras::DOUBLE[]) AS ra, unnest(decs::DOUBLE[]) AS dec,
      unnest(objects::BIGINT[]) AS object_id, unnest(targets::INTEGER[]) AS target_id,
      unnest(frames::INTEGER[]) AS only_frame
  )
),
touching AS MATERIALIZED (
  SELECT a.i, c.frame_id
  FROM (
    SELECT i, only_frame, 7 AS norder, healpix_cell(ra, dec, 7) AS cell FROM asked
    UNION ALL
    SELECT i, only_frame, 10 AS norder, healpix_cell(ra, dec, 10) AS cell FROM asked
  ) AS a
  JOIN frame_cover AS c ON c.norder = a.norder AND c.cell = a.cell
  WHERE a.only_frame IS NULL OR c.frame_id = a.only_frame
),
saw AS MATERIALIZED (
  SELECT
    a.i, a.target_id, a.only_frame, f.frame_id, f.object_name,
    outline_holds(f.corner_ra, f.corner_dec, a.ra, a.dec) AS inside,
    outline_margin(f.corner_ra, f.corner_dec, a.ra, a.dec) AS margin_arcsec
  FROM touching AS t
  JOIN asked AS a ON a.i = t.i
  JOIN frame AS f ON f.frame_id = t.frame_id
),
maybe AS (
  SELECT a.i, f.frame_id
  FROM frame AS f
  JOIN asked AS a
    ON (cos(radians(f.dec)) * cos(radians(f.ra)) - a.ux) ** 2
      + (cos(radians(f.dec)) * sin(radians(f.ra)) - a.uy) ** 2
      + (sin(radians(f.dec)) - a.uz) ** 2 < 3.0461e-4
  WHERE f.corner_ra IS NULL AND (a.only_frame IS NULL OR f.frame_id = a.only_frame)
  UNION
  SELECT s.i, f.frame_id
  FROM frame AS f
  JOIN (SELECT DISTINCT i, object_name FROM saw WHERE inside AND only_frame IS NULL) AS s ON s.object_name = f.object_name
  WHERE f.corner_ra IS NULL AND f.ra IS NULL
  UNION
  SELECT a.i, f.frame_id
  FROM frame AS f
  JOIN asked AS a ON a.only_frame = f.frame_id
  JOIN (SELECT DISTINCT target_id, object_name FROM saw WHERE inside) AS s
    ON s.object_name = f.object_name AND s.target_id = a.target_id
  WHERE f.corner_ra IS NULL AND f.ra IS NULL
),
own AS MATERIALIZED (
  SELECT object_id, frame_id, flux, flux_err, flags, x, y
  FROM detection
  WHERE object_id IN (SELECT object_id FROM asked)
),
measured AS MATERIALIZED (
  SELECT
    o.object_id, o.frame_id, f.band, o.flux, o.flux_err, o.flags,
    flux_to_mag(o.flux, zp_here(z, o.flux, o.x, o.y, f.width, f.height)) AS mag
  FROM own AS o
  JOIN frame AS f ON f.frame_id = o.frame_id
  LEFT JOIN zeropoint_active AS z ON z.frame_id = o.frame_id AND z.aperture_id = 0
),
usual AS (
  SELECT object_id, band, median(mag) AS mag, avg((flags & 1155 <> 0)::INTEGER) > 0.5 AS is_blended
  FROM measured
  GROUP BY object_id, band
),
reach AS (
  SELECT 2 * sin(radians(least(120, max(greatest(coalesce(match_radius_arcsec, 0), 3 * coalesce(fwhm_arcsec, 0)))) / 3600) / 2) AS c
  FROM frame
),
-- Stars about each place, found in cells of a cube grid of 6e-4 (two arcminutes).
box AS (
  SELECT
    i, object_id,
    unnest(range(floor((ux - c) / 6e-4)::BIGINT, floor((ux + c) / 6e-4)::BIGINT + 1)) AS gx,
    ux, uy, uz, c
  FROM asked, reach
),
boxes AS (
  SELECT
    i, object_id, gx, ux, uy, uz, c, gy,
    unnest(range(floor((uz - c) / 6e-4)::BIGINT, floor((uz + c) / 6e-4)::BIGINT + 1)) AS gz
  FROM (SELECT *, unnest(range(floor((uy - c) / 6e-4)::BIGINT, floor((uy + c) / 6e-4)::BIGINT + 1)) AS gy FROM box)
),
near AS MATERIALIZED (
  SELECT b.i, o.object_id, o.name
  FROM object AS o
  JOIN boxes AS b
    ON b.gx = floor(o.ux / 6e-4)::BIGINT AND b.gy = floor(o.uy / 6e-4)::BIGINT AND b.gz = floor(o.uz / 6e-4)::BIGINT
  WHERE o.object_id IS DISTINCT FROM b.object_id
    AND (o.ux - b.ux) ** 2 + (o.uy - b.uy) ** 2 + (o.uz - b.uz) ** 2 <= b.c * b.c
    AND o.ux BETWEEN (SELECT min(ux) - 6e-4 FROM asked) AND (SELECT max(ux) + 6e-4 FROM asked)
    AND o.uy BETWEEN (SELECT min(uy) - 6e-4 FROM asked) AND (SELECT max(uy) + 6e-4 FROM asked)
    AND o.uz BETWEEN (SELECT min(uz) - 6e-4 FROM asked) AND (SELECT max(uz) + 6e-4 FROM asked)
),
beside AS MATERIALIZED (
  SELECT object_id, frame_id, ra, dec, flux
  FROM detection
  WHERE object_id IN (SELECT object_id FROM near)
),
-- Forced fluxes as the light curve has them (lightcurve_targets): of the target before those of its object; where a target
-- has an ellipse, in that alone. Where there is none, why.
given AS MATERIALIZED (
  SELECT a.i, a.target_id AS asked_target, f.*
  FROM forced AS f
  JOIN asked AS a ON a.target_id = f.target_id AND (a.only_frame IS NULL OR a.only_frame = f.frame_id)
  UNION ALL
  SELECT a.i, a.target_id, f.*
  FROM forced AS f
  JOIN asked AS a ON a.object_id = f.object_id AND (a.only_frame IS NULL OR a.only_frame = f.frame_id)
  WHERE f.target_id IS NULL OR f.target_id IS DISTINCT FROM a.target_id
),
pushed AS MATERIALIZED (
  SELECT
    *,
    flux_to_mag(flux, zp_bent(spot, zp, mag_term, mag_pivot, flux)) AS mag,
    mag_error(flux, flux_err) AS mag_err,
    spot + faint + coalesce(mag_term * (zp + faint - mag_pivot), 0) AS limit_mag
  FROM (
    SELECT
      g.i, g.frame_id, g.flux, g.flux_err, g.noise, g.flags, g.reason, z.zp, z.mag_term, z.mag_pivot,
      zp_at(z.zp_map, g.x, g.y, f.width, f.height) + z.zp AS spot,
      -2.5 * log10(CASE WHEN g.noise > 0 THEN 5.0 * g.noise END) AS faint
    FROM given AS g
    JOIN frame AS f ON f.frame_id = g.frame_id
    LEFT JOIN target AS t ON t.target_id = g.asked_target
    LEFT JOIN zeropoint_active AS z ON z.frame_id = g.frame_id AND z.aperture_id = g.aperture_id
    WHERE g.aperture_id = CASE WHEN t.a_arcsec IS NOT NULL THEN -3 ELSE 0 END
    QUALIFY row_number() OVER (
      PARTITION BY g.i, g.frame_id
      ORDER BY
        g.reason IS NULL DESC, coalesce(g.target_id = g.asked_target, false) DESC, g.target_id, g.method DESC
    ) = 1
  )
),
neighbour AS (
  SELECT i, frame_id, arg_min(name, distance) AS name, min(distance) AS distance
  FROM (
    SELECT
      n.i, b.frame_id, n.name, separation_arcsec(b.ra, b.dec, a.ra, a.dec) AS distance, f.match_radius_arcsec, f.fwhm_arcsec,
      flux_to_mag(b.flux, z.zp) < z.limit_mag - 2.5 AS is_bright
    FROM near AS n
    JOIN beside AS b ON b.object_id = n.object_id
    JOIN asked AS a ON a.i = n.i AND (a.only_frame IS NULL OR a.only_frame = b.frame_id)
    JOIN frame AS f ON f.frame_id = b.frame_id
    LEFT JOIN zeropoint_active AS z ON z.frame_id = b.frame_id AND z.aperture_id = 0
  )
  WHERE distance <= greatest(
    coalesce(match_radius_arcsec, 0), coalesce(fwhm_arcsec, 0) * CASE WHEN is_bright THEN 3 ELSE 2 END
  )
  GROUP BY i, frame_id
),
listed AS (
  SELECT i, frame_id, inside, margin_arcsec FROM saw
  UNION ALL
  SELECT i, frame_id, NULL, NULL FROM maybe
),
judged AS (
  SELECT
    l.i,
    a.object_id,
    f.frame_id,
    f.path,
    f.night,
    f.band,
    f.mjd_mid,
    f.exptime_s,
    f.jd_tdb + (f.bary_x * a.ux + f.bary_y * a.uy + f.bary_z * a.uz) AS bjd_tdb,
    f.airmass,
    f.fwhm_arcsec,
    CASE
      WHEN f.state <> 'ok' THEN f.state
      WHEN l.inside IS NULL AND m.frame_id IS NULL THEN 'no WCS'
      WHEN NOT l.inside THEN 'outside'
      WHEN m.frame_id IS NOT NULL THEN 'detected'
      WHEN p.flux IS NULL THEN 'not detected'
      WHEN p.flux < sigma::DOUBLE * p.noise THEN 'limit'
      ELSE 'forced'
    END AS status,
    CASE
      WHEN f.state <> 'ok' OR l.inside IS NOT TRUE THEN NULL
      WHEN m.frame_id IS NOT NULL AND m.flux IS NULL AND l.margin_arcsec < f.primary_radius_px * f.pixel_scale_arcsec THEN 'edge'
      WHEN m.frame_id IS NOT NULL AND m.flux IS NULL THEN 'masked'
      WHEN m.frame_id IS NOT NULL AND coalesce(z.mag_system, 'instrumental') = 'instrumental' THEN 'not calibrated'
      WHEN m.frame_id IS NOT NULL THEN NULL
      WHEN p.flux IS NOT NULL THEN printf('S/N %.1f', p.flux / p.flux_err)
      WHEN list_bool_or(list_transform(
        (f.settings::JSON -> '$.mask_circles')::STRUCT(ra DOUBLE, dec DOUBLE, radius_arcsec DOUBLE)[],
        lambda c: separation_arcsec(c.ra, c.dec, a.ra, a.dec) <= c.radius_arcsec
      )) THEN 'masked'
      WHEN l.margin_arcsec < f.primary_radius_px * f.pixel_scale_arcsec THEN 'edge'
      WHEN n.frame_id IS NOT NULL OR u.is_blended THEN 'blended'
      WHEN z.limit_mag IS NULL THEN 'not calibrated'
      WHEN u.mag IS NULL OR u.mag > z.limit_mag - 0.5 THEN 'too faint'
      ELSE 'missed'
    END AS why,
    CASE WHEN m.frame_id IS NULL THEN p.mag ELSE m.mag END AS mag,
    CASE WHEN m.frame_id IS NULL THEN p.mag_err ELSE mag_error(m.flux, m.flux_err) END AS mag_err,
    CASE WHEN m.frame_id IS NULL THEN p.flags ELSE m.flags END AS flags,
    CASE WHEN m.frame_id IS NULL THEN coalesce(p.limit_mag, z.limit_mag) ELSE z.limit_mag END AS limit_mag,
    CASE
      WHEN m.frame_id IS NULL
        THEN coalesce(p.limit_mag + 2.5 * log10(5.0 / 3) * (1 + coalesce(p.mag_term, 0)), z.limit_3_mag)
      ELSE z.limit_3_mag
    END AS limit_3_mag,
    p.reason AS forced_reason,
    z.zp,
    z.zp_err,
    z.zp_sys,
    z.cal_id,
    coalesce(z.mag_system, 'instrumental') AS mag_system,
    l.margin_arcsec,
    u.mag AS usual_mag,
    n.name AS neighbour,
    n.distance AS neighbour_arcsec,
    coalesce(f.reason, z.reason) AS because
  FROM listed AS l
  JOIN asked AS a ON a.i = l.i
  JOIN frame AS f ON f.frame_id = l.frame_id
  LEFT JOIN measured AS m ON m.frame_id = l.frame_id AND m.object_id = a.object_id
  LEFT JOIN usual AS u ON u.object_id = a.object_id AND u.band = f.band
  LEFT JOIN neighbour AS n ON n.i = l.i AND n.frame_id = l.frame_id
  LEFT JOIN zeropoint_active AS z ON z.frame_id = l.frame_id AND z.aperture_id = 0
  LEFT JOIN pushed AS p ON p.i = l.i AND p.frame_id = l.frame_id
)
SELECT
  i, object_id, frame_id, path, night, band, mjd_mid, bjd_tdb, exptime_s, airmass, fwhm_arcsec, status, why, mag, mag_err, flags,
  limit_mag, limit_3_mag, mag_system, zp, zp_err, zp_sys, cal_id, margin_arcsec,
  CASE
    WHEN status IN ('failed', 'rejected') THEN because
    WHEN status = 'no WCS' THEN coalesce(because, 'not registered: where it points is not known')
    WHEN status = 'outside' THEN printf('%.1f arcsec outside the frame', margin_arcsec)
    WHEN status = 'not detected' AND forced_reason IS NOT NULL THEN 'no forced flux: ' || forced_reason
    WHEN status IN ('forced', 'limit') AND limit_mag IS NULL THEN coalesce(because, 'no zero point')
    WHEN status = 'detected' AND why IN ('edge', 'masked') THEN 'part of the aperture is missing: no flux'
    WHEN why = 'masked' THEN 'inside a circle that was masked'
    WHEN why = 'edge' THEN printf('%.1f arcsec from the edge, within the aperture', margin_arcsec)
    WHEN why = 'blended' AND neighbour IS NULL THEN 'usually blended with a neighbour'
    WHEN why = 'blended' THEN printf('%s was measured %.1f arcsec from the place', neighbour, neighbour_arcsec)
    WHEN why = 'not calibrated' THEN coalesce(because, 'no zero point')
    WHEN why = 'too faint' AND usual_mag IS NULL THEN 'nothing brighter than the limit'
    WHEN why = 'too faint' AND usual_mag > limit_mag + 0.5
      THEN printf('usually %.2f, %.1f mag below the limit', usual_mag, usual_mag - limit_mag)
    WHEN why = 'too faint' THEN printf('usually %.2f, at the limit', usual_mag)
    WHEN why = 'missed' THEN printf('usually %.2f, %.1f mag above the limit', usual_mag, limit_mag - usual_mag)
  END AS reason
FROM judged
ORDER BY i, mjd_mid NULLS LAST, frame_id;
